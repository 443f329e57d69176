package format

import (
	"fmt"
	"io"

	"ductworks/internal/frame"
)

const (
	longestEscape = 6 // bytes that stand for one byte of a line at most
	quotes        = 2 // quotation marks of a string
)

func newTextDecoder(src io.Reader, o Options) Decoder {
	delim := o.delimiter()
	return &textDecoder{
		lineDecoder: newLineDecoder(src, delim, o.Limit-quotes, o, quoting(o.Limit)),
		stops:       plainASCII(delim) == 0,
		spare:       make([]byte, 0, spareSize),
	}
}

// spareSize in bytes is for those lines of a batch that hold escapes.
const spareSize = 16 << 10

// A textDecoder makes strings of most lines where they lie.
type textDecoder struct {
	*lineDecoder
	stops bool   // at a delimiter, plainASCII does
	spare []byte // holds strings with escapes that Gather has given
}

func (d *textDecoder) Next() (frame.Payload, error) {
	d.spare = d.spare[:0]
	return d.lineDecoder.Next()
}

// Gather appends strings for those lines to batch that lie whole in memory, up
// to one that takes more thought, as far as its capacity goes. They are valid
// until the next call of Next, and so is the one that Next has given last.
func (d *textDecoder) Gather(batch []frame.Payload) []frame.Payload {
	s := &d.records
	around := s.around()
	used, largest, already := 0, 0, len(batch)
	for len(batch) < cap(batch) && used < len(around) {
		size, isPlain := d.line(around[used+1:])
		if size < 0 || int64(size+quotes) > d.limit {
			break
		}
		quoted := around[used : used+size+quotes]
		if isPlain {
			// The marks take the place of the delimiters' bytes next to the line.
			quoted[0], quoted[size+1] = '"', '"'
		} else if quoted = d.quoted(quoted[1 : size+1]); quoted == nil {
			break
		}
		batch = append(batch, frame.Payload{Bytes: quoted})
		size += len(s.delim)
		used += size
		largest = max(largest, size)
	}
	s.giveMany(len(batch)-already, used, largest)
	return batch
}

// line gives the size of the line that b begins with, and whether each byte of
// it stands for itself. The size is negative where b does not hold its end.
func (d *textDecoder) line(b []byte) (size int, isPlain bool) {
	delim := d.records.delim
	if d.stops {
		size = plainASCII(b)
	}
	if len(delim) == 1 && size < len(b) && b[size] == delim[0] {
		return size, true
	}
	rest := index(b[size:], delim)
	if rest < 0 {
		return -1, false
	}
	return size + rest, rest == 0 || plain(b[:size+rest])
}

// quoted makes a string of a line with escapes, in spare memory. It gives nil
// where there is no room, and where it is no text.
func (d *textDecoder) quoted(line []byte) []byte {
	from := len(d.spare)
	longest := longestEscape*len(line) + quotes
	if longest > cap(d.spare)-from || int64(longest) > d.limit {
		return nil
	}
	spare, ok := appendQuoted(d.spare, line)
	if !ok {
		return nil
	}
	d.spare = spare
	return spare[from:]
}

// quoting makes JSON strings of at most limit bytes.
func quoting(limit int64) conversion {
	return func(dst, line []byte) ([]byte, *RecordError) {
		if longestEscape*int64(len(line))+quotes > limit && quotedSize(line) > limit {
			return nil, tooLarge("", limit)
		}
		quoted, ok := appendQuoted(dst, line)
		if !ok {
			return nil, &RecordError{
				Reason: fmt.Sprintf("invalid UTF-8 at byte %d", invalidUTF8(line)+1),
				Hint:   "use -f raw or -f base64",
			}
		}
		return quoted, nil
	}
}
