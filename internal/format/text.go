package format

import (
	"bufio"
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"ductworks/internal/frame"
)

var textFormat = Format{
	Name:       "text",
	Summary:    "each line as a JSON string; other documents are printed as compact JSON",
	Delimited:  true,
	NewDecoder: newTextDecoder,
	NewEncoder: newTextEncoder,
	Message: func(text string, o Options) ([]byte, error) {
		return lineMessage(text, o.Limit, quoting(o.Limit))
	},
}

func newTextEncoder(o Options) Encoder {
	delim := o.delimiter()
	return &textEncoder{
		delim:   delim,
		escaped: delim[0] < utf8.RuneSelf && !plain(delim[:1]),
		options: rfc8259(),
	}
}

type textEncoder struct {
	delim   []byte
	escaped bool // in a string, the delimiter's first byte would be
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

// AppendRecords takes strings, but such as hold a byte of the delimiter or take
// more thought.
func (e *textEncoder) AppendRecords(dst []byte, batch []frame.Payload) ([]byte, int) {
	for i := range batch {
		doc := batch[i].Bytes
		if len(doc)+len(e.delim) > cap(dst)-len(dst) {
			return dst, i
		}
		record, ok := e.appendText(dst, doc)
		if !ok {
			return dst, i
		}
		dst = append(record, e.delim...)
	}
	return dst, len(batch)
}

// appendText appends what is shown for a string.
func (e *textEncoder) appendText(dst, doc []byte) (shown []byte, ok bool) {
	text, ok := unmarked(doc)
	switch {
	case !ok:
		return dst, false
	case !plain(text):
		shown, ok = appendUnquoted(dst, text)
	case e.escaped:
		return append(dst, text...), true
	default:
		shown = append(dst, text...)
	}
	return shown, ok && bytes.IndexByte(shown[len(dst):], e.delim[0]) < 0
}

// unmarked gives what stands between the quotation marks of a string.
func unmarked(doc []byte) (text []byte, ok bool) {
	if len(doc) < 2 || doc[0] != '"' || doc[len(doc)-1] != '"' {
		return nil, false
	}
	return doc[1 : len(doc)-1], true
}

// text gives what is shown for a document.
func (e *textEncoder) text(doc []byte) ([]byte, error) {
	if text, ok := unmarked(doc); ok && plain(text) {
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
