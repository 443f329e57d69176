package prompt

import (
	"bufio"
	"bytes"

	"ductworks/internal/format"
	"ductworks/internal/frame"
)

const (
	green = "\x1b[32m"
	cyan  = "\x1b[36m"
	plain = "\x1b[0m"
)

// signs tell what is typed from what has arrived.
type signs struct{ colour bool }

func (p *Prompt) signs() signs { return signs{p.Colour} }

// prompt stands before a line to be typed, the first of a record or one with
// which it goes on.
func (s signs) prompt(goesOn bool) string {
	if goesOn {
		return s.in(green, ".") + " "
	}
	return s.in(green, ">") + " "
}

func (s signs) in(colour, text string) string {
	if !s.colour {
		return text
	}
	return colour + text + plain
}

// Mark makes an Encoder of one for a terminal whose records are lines: before
// each there is a mark of what has arrived. A record is written in one piece.
func (p *Prompt) Mark(e format.Encoder) format.Encoder { return p.signs().mark(e) }

func (s signs) mark(e format.Encoder) format.Encoder {
	m := &marker{inner: e, before: "< ", after: "\n"}
	if s.colour {
		m.before, m.after = cyan+m.before, plain+m.after
	}
	m.buf = bufio.NewWriter(&m.record)
	return m
}

type marker struct {
	inner         format.Encoder
	before, after string
	record        bytes.Buffer
	buf           *bufio.Writer // over record
}

// keepRecord is the memory in bytes that is kept from one record to the next.
const keepRecord = 1 << 20

func (m *marker) Encode(w *bufio.Writer, p frame.Payload) error {
	if m.record.Reset(); m.record.Cap() > keepRecord {
		m.record = bytes.Buffer{}
	}
	m.buf.Reset(&m.record)
	m.buf.WriteString(m.before)
	if err := m.inner.Encode(m.buf, p); err != nil {
		return err
	}
	m.buf.Flush() // to memory, which never fails
	m.record.Truncate(m.record.Len() - len("\n"))
	m.record.WriteString(m.after)
	_, err := w.Write(m.record.Bytes())
	return err
}
