package format

import (
	"bufio"
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"ductworks/internal/frame"
)

var jsonFormat = Format{
	Name:       "json",
	Summary:    "JSON documents, however many on a line or lines long; one line a message on output",
	NewDecoder: newJSONDecoder,
	NewEncoder: func(Options) Encoder { return &jsonEncoder{checker: checker{options: rfc8259()}} },
	Message:    jsonMessage,
}

// rfc8259 makes jsontext, which is stricter, take what RFC 8259 takes and leave
// it as it is. Admitting escaped halves of surrogate pairs admits raw invalid
// UTF-8 too, so that has to be checked apart.
func rfc8259() []jsontext.Options {
	return []jsontext.Options{
		jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true),
		jsontext.PreserveRawStrings(true),
	}
}

func jsonMessage(text string, o Options) ([]byte, error) {
	doc := trimSpace([]byte(text))
	if int64(len(doc)) > o.Limit {
		return nil, tooLarge("", o.Limit)
	}
	if reason, hint := notJSON(doc); reason != "" {
		return nil, &RecordError{Reason: reason, Hint: hint}
	}
	return doc, nil
}

type jsonEncoder struct {
	checker
	scratch []byte
}

func (e *jsonEncoder) Encode(w *bufio.Writer, p frame.Payload) error {
	line, ok := e.line(p.Bytes)
	if !ok {
		return unfitJSON(p.Bytes)
	}
	w.Write(line) // a failure comes up in the next write
	return w.WriteByte('\n')
}

// AppendRecords takes documents up to the first one that scanDocument leaves
// to jsontext or that takes more than a line.
func (e *jsonEncoder) AppendRecords(dst []byte, batch []frame.Payload) ([]byte, int) {
	for i := range batch {
		doc := batch[i].Bytes
		if len(doc) >= cap(dst)-len(dst) || len(doc) == 0 || scanDocument(doc, blanks) != len(doc) {
			return dst, i
		}
		dst = append(append(dst, doc...), '\n')
	}
	return dst, len(batch)
}

// line gives a document as one line, if doc is one.
func (e *jsonEncoder) line(doc []byte) (line []byte, ok bool) {
	if bytes.IndexByte(doc, '\n') < 0 && bytes.IndexByte(doc, '\r') < 0 {
		return doc, e.valid(doc)
	}
	e.scratch, ok = compact(reuse(e.scratch, len(doc)), doc, e.options)
	return e.scratch, ok
}

// A checker checks documents. Where scanDocument does not do, it does what
// jsontext.Value.IsValid does in two thirds of the time, since it keeps its decoder.
type checker struct {
	options []jsontext.Options
	held    bytes.Buffer
	decoder jsontext.Decoder // over held
}

// valid reports whether doc is one document.
func (c *checker) valid(doc []byte) bool {
	if len(doc) > 0 && scanDocument(doc, allSpaces) == len(doc) {
		return true
	}
	c.held = *bytes.NewBuffer(doc)
	c.decoder.Reset(&c.held, c.options...)
	_, err := c.decoder.ReadValue()
	end := c.decoder.InputOffset()
	c.held = bytes.Buffer{}
	if len(doc) > keepLarge {
		c.decoder = jsontext.Decoder{} // which still holds doc
	}
	return err == nil && len(trimSpace(doc[end:])) == 0 && utf8.Valid(doc)
}

// compact appends a document without the white space around its tokens, if
// doc is one.
func compact(dst, doc []byte, options []jsontext.Options) ([]byte, bool) {
	if !utf8.Valid(doc) {
		return dst, false
	}
	compacted, err := jsontext.AppendFormat(dst, doc, options...)
	if err != nil {
		return dst, false
	}
	return compacted, true
}

func unfitJSON(doc []byte) *UnfitError {
	reason, _ := notJSON(doc)
	return &UnfitError{Reason: reason, Hint: "use -f raw or -f base64"}
}

// trimSpace cuts JSON's white space from both ends of b.
func trimSpace(b []byte) []byte {
	b = b[spaceBefore(b):]
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// spaceBefore counts the white space that b begins with.
func spaceBefore(b []byte) (n int) {
	for n < len(b) && isSpace(b[n]) {
		n++
	}
	return n
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r'
}
