package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"ductworks/internal/frame"
)

// Escape shows what could do harm on a terminal, or mislead its reader, as an
// escape: control characters but the tab, marks and overrides of the writing
// direction, line and paragraph separators, and bytes that are not UTF-8. It is
// for text of a peer that is quoted in an error.
func Escape(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, unsafeRune) {
		return s
	}
	return string(appendEscaped(nil, []byte(s), false))
}

// Printable makes an Encoder like f's for a terminal, where people read: what
// Escape escapes is escaped, each record of a format that does not stream ends
// in a newline, and a payload that f cannot show is shown escaped as it is.
// A payload that passes unseen keeps its line breaks.
func Printable(f Format, o Options) Encoder {
	inner := f.NewEncoder(o)
	if s, ok := inner.(Streamer); ok {
		return &streamPrinter{inner: s}
	}
	p := &printer{inner: inner, delim: []byte{'\n'}}
	if f.Delimited {
		p.delim = o.delimiter()
	}
	p.buf = bufio.NewWriter(&p.record)
	return p
}

// A printer shows one record a line.
type printer struct {
	inner  Encoder
	delim  []byte
	record bytes.Buffer
	buf    *bufio.Writer // over record
}

func (e *printer) Encode(w *bufio.Writer, p frame.Payload) error {
	shown, err := e.show(p)
	if err != nil {
		return err
	}
	out := escaper{w: w}
	out.Write(shown) // a failure comes up in the next write
	out.flush()
	return w.WriteByte('\n')
}

// show gives the record that inner makes, or else the payload.
func (e *printer) show(p frame.Payload) ([]byte, error) {
	e.record = *bytes.NewBuffer(reuse(e.record.Bytes(), len(p.Bytes)))
	e.buf.Reset(&e.record)
	err := e.inner.Encode(e.buf, p)
	if unfit := (*UnfitError)(nil); errors.As(err, &unfit) {
		return p.Bytes, nil
	}
	e.buf.Flush() // to memory, which never fails
	return bytes.TrimSuffix(e.record.Bytes(), e.delim), err
}

// A streamPrinter shows payloads as they arrive. It is no Streamer, since a
// payload must not go past it.
type streamPrinter struct{ inner Streamer }

func (e *streamPrinter) Encode(w *bufio.Writer, p frame.Payload) error {
	out := escaper{w: w, keepBreaks: true}
	out.Write(e.inner.AppendPrefix(nil, p.Size()))
	_, err := out.Write(p.Bytes)
	if err == nil && p.Rest != nil {
		err = frame.Copy(&out, p.Rest, make([]byte, escapePiece))
	}
	if err != nil {
		return err
	}
	return out.flush()
}

// escapePiece is how much is escaped at once: escapes are up to four times as long.
const escapePiece = 32 << 10

// An escaper writes escaped what is written to it.
type escaper struct {
	w          *bufio.Writer
	keepBreaks bool
	part       []byte // of a character whose end has not been written yet
	scratch    []byte
}

func (e *escaper) Write(b []byte) (int, error) {
	for piece := range slices.Chunk(b, escapePiece) {
		text := append(e.part, piece...)
		end := len(text) - PartialRune(text)
		e.scratch = appendEscaped(e.scratch[:0], text[:end], e.keepBreaks)
		if _, err := e.w.Write(e.scratch); err != nil {
			return 0, err
		}
		e.part = append(e.part[:0], text[end:]...)
	}
	return len(b), nil
}

// flush writes what has turned out to be half a character.
func (e *escaper) flush() error {
	_, err := e.w.Write(appendEscaped(nil, e.part, e.keepBreaks))
	e.part = nil
	return err
}

// PartialRune is how many bytes at the end of b may be the beginning of a character.
func PartialRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

func appendEscaped(dst, b []byte, keepBreaks bool) []byte {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == '\n' && keepBreaks:
			dst = append(dst, '\n')
		case r == utf8.RuneError && size == 1, r < utf8.RuneSelf && unsafeRune(r):
			dst = fmt.Appendf(dst, `\x%02x`, b[0])
		case unsafeRune(r):
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = append(dst, b[:size]...)
		}
		b = b[size:]
	}
	return dst
}

// unsafeRune reports whether a terminal might act upon r rather than show it,
// or show what stands around it in another order or on another line.
func unsafeRune(r rune) bool {
	switch {
	case r < ' ':
		return r != '\t'
	case 0x7f <= r && r <= 0x9f: // DEL and C1
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f: // marks of direction
		return true
	case 0x2028 <= r && r <= 0x202e: // separators, embeddings, overrides
		return true
	}
	return 0x2066 <= r && r <= 0x2069 // isolates
}
