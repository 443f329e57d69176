package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"ductworks/internal/frame"
)

// A jsonDecoder splits and checks a stream of documents.
//
// Documents that lie whole in the buffer are read where they lie, by jsontext
// where scanDocument leaves them to it. One that reaches beyond the buffer is
// read by a second jsontext.Decoder, which can wait for more in the middle of a
// document and gathers it in its own memory; what that has read too far goes
// back to the buffer.
type jsonDecoder struct {
	in      buffer
	limit   int64
	options []jsontext.Options

	used  int               // so much of what in holds
	held  bytes.Buffer      // the rest of that
	whole *jsontext.Decoder // over held

	reach   *jsontext.Decoder // over tail
	tail    documentReader
	largest int // document that reach has gathered

	breaks int // line breaks before what in holds
	err    error
}

// errPartial says that the buffer does not hold the next document's end.
var errPartial = errors.New("the document reaches beyond the buffer")

func newJSONDecoder(src io.Reader, o Options) Decoder {
	return &jsonDecoder{
		in:      newBuffer(src, o),
		limit:   o.Limit,
		options: rfc8259(),
		whole:   new(jsontext.Decoder),
		reach:   new(jsontext.Decoder),
	}
}

func (d *jsonDecoder) Next() (frame.Payload, error) {
	if d.err != nil {
		return frame.Payload{}, d.err
	}
	doc, err := d.next()
	d.err = err
	return frame.Payload{Bytes: doc}, err
}

func (d *jsonDecoder) next() ([]byte, error) {
	for {
		doc, err := d.buffered()
		if err != errPartial {
			return doc, err
		}
		if d.begun() {
			return d.reaching()
		}
		if err := d.in.more(d.in.size); err != nil {
			return nil, err
		}
	}
}

// Gather appends those documents to batch that lie whole in memory, up to one
// that takes more thought, as far as its capacity goes. They are valid until
// the next call of Next, and so is the one that Next has given last.
func (d *jsonDecoder) Gather(batch []frame.Payload) []frame.Payload {
	for len(batch) < cap(batch) {
		doc, end := d.scan(d.in.bytes()[d.used:])
		if doc == nil {
			break
		}
		batch = append(batch, frame.Payload{Bytes: doc})
		d.used += end
	}
	return batch
}

// scan gives the document that stands first in ahead, and where it ends, if
// scanDocument finds it and it cannot go on behind ahead. Else it gives nil.
func (d *jsonDecoder) scan(ahead []byte) (doc []byte, end int) {
	space := spaceBefore(ahead)
	size := scanDocument(ahead[space:], allSpaces)
	if size == 0 || int64(size) > d.limit {
		return nil, 0
	}
	doc, end = ahead[space:space+size], space+size
	if !selfEnding(doc) && (end == len(ahead) || !isSpace(ahead[end])) {
		return nil, 0
	}
	return doc, end
}

// buffered gives the next document if the buffer holds it to its end.
func (d *jsonDecoder) buffered() ([]byte, error) {
	ahead := d.in.bytes()[d.used:]
	doc, end := d.scan(ahead)
	if doc == nil {
		var err error
		if doc, end, err = d.read(ahead); err != nil {
			return nil, err
		}
	}
	d.used += end
	d.releaseReach()
	return doc, nil
}

// read gives the document that stands first in ahead and where it ends.
func (d *jsonDecoder) read(ahead []byte) (doc []byte, end int, err error) {
	d.held = *bytes.NewBuffer(ahead)
	d.whole.Reset(&d.held, d.options...)
	doc, err = d.whole.ReadValue()
	switch {
	case err == nil:
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return nil, 0, errPartial
	case d.outgrows(ahead[spaceBefore(ahead):]):
		return nil, 0, tooLarge(d.line(ahead[:spaceBefore(ahead)]), d.limit)
	default:
		return nil, 0, d.syntaxError(ahead, faultOffset(err), err)
	}
	end = int(d.whole.InputOffset())
	if end == len(ahead) && !selfEnding(doc) {
		return nil, 0, errPartial
	}
	return doc, end, d.check(doc, ahead[:end-len(doc)], ahead[end:])
}

// begun drops what has been used and the white space behind it. It reports
// whether the beginning of a document is left.
func (d *jsonDecoder) begun() bool {
	held := d.in.bytes()
	used := d.used + spaceBefore(held[d.used:])
	d.breaks += countBreaks(held[:used])
	d.in.skip(used)
	d.used = 0
	return used < len(held)
}

// check finds what jsontext does not: before and after are what stands around
// doc in the input.
func (d *jsonDecoder) check(doc, before, after []byte) error {
	if int64(len(doc)) > d.limit {
		return tooLarge(d.line(before), d.limit)
	}
	if i := invalidUTF8(doc); i >= 0 {
		return &RecordError{Where: d.line(before, doc[:i]), Reason: invalidUTF8Reason(i), Hint: "use -f raw or -f base64"}
	}
	if !selfEnding(doc) && len(after) > 0 && continues(after[0]) {
		reason := "not JSON: no white space behind " + kindName(doc)
		return &RecordError{Where: d.line(before, doc), Reason: reason, Hint: hintSpace}
	}
	return nil
}

// outgrows reports whether a document that has a fault is too large before the
// fault shows, as reaching would find it.
func (d *jsonDecoder) outgrows(doc []byte) bool {
	if int64(len(doc)) <= d.limit+1 {
		return false
	}
	_, err := jsontext.NewDecoder(bytes.NewBuffer(doc[:d.limit+1]), d.options...).ReadValue()
	return err == nil || errors.Is(err, io.ErrUnexpectedEOF)
}

// syntaxError is the error for a fault that jsontext found at byte at of ahead,
// which is what is not used yet.
func (d *jsonDecoder) syntaxError(ahead []byte, at int, err error) error {
	reason, hint := describe(ahead, at, err)
	unfinished := errors.Is(err, io.ErrUnexpectedEOF)
	if unfinished {
		at = len(trimSpace(ahead))
		if countBreaks(ahead[:at]) > 0 {
			reason += ", begun on " + d.line()
		}
	}
	return &RecordError{Where: d.line(ahead[:at]), Reason: reason, Hint: hint, Unfinished: unfinished}
}

// line names the line in which the parts end that stand next in the input.
func (d *jsonDecoder) line(parts ...[]byte) string {
	line := d.breaks + countBreaks(d.in.bytes()[:d.used]) + 1
	for _, part := range parts {
		line += countBreaks(part)
	}
	return fmt.Sprintf("line %d", line)
}

// selfEnding reports whether a document shows its own end, as all do but
// numbers, true, false and null.
func selfEnding(doc []byte) bool {
	return doc[0] == '{' || doc[0] == '[' || doc[0] == '"'
}

// continues reports whether c cannot stand right behind a document that does
// not show its own end.
func continues(c byte) bool {
	return !isSpace(c) && c != '{' && c != '[' && c != '"'
}

func kindName(doc []byte) string {
	if c := doc[0]; c == '-' || '0' <= c && c <= '9' {
		return "a number"
	}
	return string(doc)
}

func countBreaks(b []byte) int { return bytes.Count(b, []byte{'\n'}) }
