package format

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"ductworks/internal/frame"
)

var textFormat = Format{
	Name:       "text",
	Summary:    "each line as a JSON string; other documents are printed as compact JSON",
	Delimited:  true,
	NewDecoder: newTextDecoder,
	NewEncoder: func(o Options) Encoder { return &textEncoder{delim: o.delimiter(), options: rfc8259()} },
	Message: func(text string, o Options) ([]byte, error) {
		return lineMessage(text, o.Limit, quoting(o.Limit))
	},
}

func newTextDecoder(src io.Reader, o Options) Decoder {
	const quotes = 2
	return newLineDecoder(src, o.delimiter(), o.Limit-quotes, o, quoting(o.Limit))
}

// quoting makes JSON strings of at most limit bytes.
func quoting(limit int64) conversion {
	return func(dst, line []byte) ([]byte, *RecordError) {
		const longestEscape, quotes = 6, 2
		if longestEscape*int64(len(line))+quotes > limit && quotedSize(line) > limit {
			return nil, tooLarge("", limit)
		}
		quoted, err := appendQuoted(dst, line)
		if err != nil {
			return nil, &RecordError{
				Reason: fmt.Sprintf("invalid UTF-8 at byte %d", invalidUTF8(line)+1),
				Hint:   "use -f raw or -f base64",
			}
		}
		return quoted, nil
	}
}

type textEncoder struct {
	delim   []byte
	options []jsontext.Options
	scratch []byte
}

func (e *textEncoder) Encode(w *bufio.Writer, p frame.Payload) error {
	text, err := e.text(trimSpace(p.Bytes))
	if err != nil {
		return err
	}
	if foundEarly(text, e.delim) {
		return delimited(text, e.delim, "-f json")
	}
	return writeRecord(w, text, e.delim)
}

// AppendRecords takes strings of which each byte stands for itself.
func (e *textEncoder) AppendRecords(dst []byte, batch []frame.Payload) ([]byte, int) {
	for i := range batch {
		doc := batch[i].Bytes
		if len(doc)+len(e.delim) > cap(dst)-len(dst) {
			return dst, i
		}
		text, ok := plainString(doc)
		if !ok || bytes.IndexByte(text, e.delim[0]) >= 0 {
			return dst, i
		}
		dst = append(append(dst, text...), e.delim...)
	}
	return dst, len(batch)
}

// plainString gives what stands between the quotation marks of a string of
// which each byte stands for itself.
func plainString(doc []byte) (text []byte, ok bool) {
	if len(doc) < 2 || doc[0] != '"' || doc[len(doc)-1] != '"' {
		return nil, false
	}
	text = doc[1 : len(doc)-1]
	return text, plain(text)
}

// text gives what is shown for a document.
func (e *textEncoder) text(doc []byte) ([]byte, error) {
	if text, ok := plainString(doc); ok {
		return text, nil
	}
	if len(doc) < 2 || doc[0] != '"' {
		return e.compact(doc)
	}
	text, err := jsontext.AppendUnquote(reuse(e.scratch, len(doc)), doc)
	if err != nil {
		return nil, unfitString(doc)
	}
	e.scratch = text
	return text, nil
}

func (e *textEncoder) compact(doc []byte) ([]byte, error) {
	text, ok := compact(reuse(e.scratch, len(doc)), doc, e.options)
	if !ok {
		return nil, unfitJSON(doc)
	}
	e.scratch = text
	return text, nil
}

// unfitString says why a string has no text.
func unfitString(doc []byte) *UnfitError {
	if reason, _ := notJSON(doc); reason != "" {
		return unfitJSON(doc)
	}
	return &UnfitError{
		Reason: "the string holds half a surrogate pair, which is no character",
		Hint:   "use -f json",
	}
}
