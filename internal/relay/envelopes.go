package relay

import (
	"fmt"
	"io"

	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// NewEnvelopeHub makes a hub whose records are envelopes: JSON documents that
// say which peer a message comes from or goes to. The output's Encoder is one
// of JSON.
func NewEnvelopeHub(in Input, out Output, o format.Options, ho HubOptions) *Hub {
	route := &route{}
	input := Records(in, out, o)
	if in.Reader != nil {
		input.source = func(r io.Reader) Source {
			route.letters = format.NewEnvelopeDecoder(r, o)
			return route
		}
	}
	h := newHub(input, in.Payloads, ho)
	h.output = &envelopeOutput{plainOutput: newPlainOutput(out), encoder: format.NewEnvelopeEncoder()}
	h.recipients = &addressee{all: &everybody{h: h}, route: route}
	return h
}

// A route is a Source of messages that knows, of the latest, where it goes.
type route struct {
	letters *format.EnvelopeDecoder
	letter  format.Letter
}

func (r *route) Next() (frame.Payload, error) {
	letter, err := r.letters.Next()
	r.letter = letter
	return frame.Payload{Bytes: letter.Payload}, err
}

// addressee is the Sink of what goes where its envelope says.
type addressee struct {
	all   *everybody
	route *route
}

func (a *addressee) Put(p frame.Payload) error {
	letter := a.route.letter
	if letter.Conn == 0 {
		return a.all.Put(p)
	}
	h := a.all.h
	m := h.member(letter.Conn)
	switch {
	case m == nil:
		h.Report(fmt.Errorf("there is no connection %d: what is for it is dropped", letter.Conn))
		return nil
	case letter.Close:
		m.close()
		return nil
	}
	if err := h.see(m.taps.Sent, p.Bytes); err != nil {
		return err
	}
	if !m.queue.put(newParcel(p.Bytes)) {
		h.Report(fmt.Errorf("connection %d is at its end: what is for it is dropped", letter.Conn))
	}
	return nil
}

func (a *addressee) Flush() error { return nil }
func (a *addressee) Close() error { return nil }

// envelopeOutput writes what happens as envelopes.
type envelopeOutput struct {
	*plainOutput
	encoder *format.EnvelopeEncoder
}

func (o *envelopeOutput) open(m *member) error {
	uid := -1
	if peer, err := m.conn.Peer(); err == nil {
		uid = peer.UID
	}
	return o.tell(m, o.encoder.Open(m.number, m.conn.Address().String(), uid))
}

func (o *envelopeOutput) message(m *member, payload []byte) error {
	return o.plainOutput.message(m, o.encoder.Message(m.number, payload))
}

func (o *envelopeOutput) close(m *member) error {
	return o.tell(m, o.encoder.Close(m.number, m.received.Load(), m.sent.Load()))
}

// tell writes what is no message, after which nothing may come for long.
func (o *envelopeOutput) tell(m *member, envelope []byte) error {
	if err := o.plainOutput.message(m, envelope); err != nil {
		return err
	}
	return o.flush()
}
