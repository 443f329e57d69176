package format

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"ductworks/internal/frame"
)

// A Letter is what one envelope on the input asks for.
type Letter struct {
	// Conn is the connection that it is for; 0 is all of them.
	Conn int64
	// Payload is the message to send, unless Close asks to end the connection.
	// It is valid until the next letter is read.
	Payload []byte
	Close   bool
}

// An EnvelopeDecoder reads envelopes: JSON objects with a message and the
// connection that it is for.
type EnvelopeDecoder struct {
	documents *jsonDecoder
	limit     int64
	err       error
}

// NewEnvelopeDecoder reads envelopes from src. o.Limit is for the messages in them.
func NewEnvelopeDecoder(src io.Reader, o Options) *EnvelopeDecoder {
	limit := o.Limit
	// What is around a message, and base64, must not make it too large.
	o.Limit = min(2*o.Limit+1024, frame.MaxPayload)
	return &EnvelopeDecoder{documents: newJSONDecoder(src, o).(*jsonDecoder), limit: limit}
}

// Next gives the next letter. Its errors are those of a Decoder.
func (d *EnvelopeDecoder) Next() (Letter, error) {
	if d.err != nil {
		return Letter{}, d.err
	}
	p, err := d.documents.Next()
	if err != nil {
		d.err = err
		return Letter{}, err
	}
	letter, err := openEnvelope(p.Bytes)
	switch {
	case err != nil:
		d.err = &RecordError{Where: d.documents.line(), Reason: err.Error(), Hint: envelopeHint}
	case int64(len(letter.Payload)) > d.limit:
		d.err = tooLarge(d.documents.line(), d.limit)
	default:
		return letter, nil
	}
	return Letter{}, d.err
}

const envelopeHint = `an envelope is {"conn":3,"message":…}, {"message":…} for all, or {"conn":3,"close":true}`

// openEnvelope reads one envelope, which is a document.
func openEnvelope(doc []byte) (l Letter, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(doc), rfc8259()...)
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return l, errors.New("not an object")
	}
	seen := map[string]bool{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return l, err
		}
		member := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return l, err
		}
		if seen[member] {
			return l, fmt.Errorf("%q twice", brief(member))
		}
		seen[member] = true
		if err := l.set(member, value); err != nil {
			return l, err
		}
	}
	return l, checkLetter(l, seen)
}

func (l *Letter) set(member string, value jsontext.Value) (err error) {
	switch member {
	case "conn":
		l.Conn, err = strconv.ParseInt(string(value), 10, 64)
		if err != nil || l.Conn < 1 {
			return fmt.Errorf(`"conn" is the number of a connection, not %s`, brief(value))
		}
	case "message":
		l.Payload = value
	case "base64":
		l.Payload, err = decodeBase64Member(value)
		return err
	case "close":
		if l.Close = string(value) == "true"; !l.Close {
			return fmt.Errorf(`"close" is true or left out, not %s`, brief(value))
		}
	default:
		return fmt.Errorf("%q means nothing here", brief(member))
	}
	return nil
}

// brief cuts what is quoted in an error.
func brief[T ~[]byte | ~string](text T) string {
	if len(text) > 40 {
		return string(text[:40]) + "…"
	}
	return string(text)
}

func decodeBase64Member(value jsontext.Value) ([]byte, error) {
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return nil, errors.New(`"base64" is a string`)
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(string(text))
	if err != nil {
		return nil, fmt.Errorf(`"base64": %w`, err)
	}
	return payload, nil
}

// checkLetter finds members that are missing or contradict each other.
func checkLetter(l Letter, seen map[string]bool) error {
	switch {
	case seen["message"] && seen["base64"]:
		return errors.New(`"message" and "base64" contradict each other`)
	case l.Close && (seen["message"] || seen["base64"]):
		return errors.New(`"close" and a message contradict each other`)
	case l.Close && l.Conn == 0:
		return errors.New(`"close" wants a "conn"`)
	case !l.Close && !seen["message"] && !seen["base64"]:
		return errors.New(`there is no "message"`)
	}
	return nil
}

// An EnvelopeEncoder makes envelopes of what happens on many connections, each
// of them a JSON document without a line break. It is for one goroutine, and
// what it gives is valid until its next call.
type EnvelopeEncoder struct {
	line      bytes.Buffer
	documents jsonEncoder
}

// NewEnvelopeEncoder makes an encoder.
func NewEnvelopeEncoder() *EnvelopeEncoder {
	return &EnvelopeEncoder{documents: jsonEncoder{checker: checker{options: rfc8259()}}}
}

// Open says that a connection came about. peer is its address, and uid who
// holds its other end, negative where nobody can tell.
func (e *EnvelopeEncoder) Open(conn int64, peer string, uid int) []byte {
	e.begin(conn, 0)
	e.line.WriteString(`,"event":"open","peer":`)
	quoted, _ := jsontext.AppendQuote(nil, peer) // its invalid UTF-8 is replaced
	e.line.Write(quoted)
	if uid >= 0 {
		e.number(`,"uid":`, int64(uid))
	}
	return e.end()
}

// Message says that a message came from a connection.
func (e *EnvelopeEncoder) Message(conn int64, payload []byte) []byte {
	e.begin(conn, len(payload))
	writePayload(&e.line, &e.documents, payload)
	return e.end()
}

// Close says that a connection ended, and how many messages were received
// from it and sent to it.
func (e *EnvelopeEncoder) Close(conn, received, sent int64) []byte {
	e.begin(conn, 0)
	e.number(`,"event":"close","received":`, received)
	e.number(`,"sent":`, sent)
	return e.end()
}

// begin begins an envelope for about size bytes.
func (e *EnvelopeEncoder) begin(conn int64, size int) {
	e.line = *bytes.NewBuffer(reuse(e.line.Bytes(), size))
	e.number(`{"conn":`, conn)
}

func (e *EnvelopeEncoder) number(name string, n int64) {
	e.line.WriteString(name)
	e.line.Write(strconv.AppendInt(e.line.AvailableBuffer(), n, 10))
}

func (e *EnvelopeEncoder) end() []byte {
	e.line.WriteByte('}')
	return e.line.Bytes()
}

// writePayload writes the member that holds a payload: as a document where it
// is one, else as base64.
func writePayload(line *bytes.Buffer, documents *jsonEncoder, payload []byte) {
	if document, ok := documents.line(payload); ok {
		line.WriteString(`,"message":`)
		line.Write(document)
		return
	}
	line.WriteString(`,"base64":"`)
	line.Write(base64.StdEncoding.AppendEncode(nil, payload))
	line.WriteByte('"')
}
