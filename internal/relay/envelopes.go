package relay

import (
	"bufio"
	"fmt"
	"io"

	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// NewEnvelopeHub makes a hub whose records are envelopes, which say which peer
// a message comes from or goes to.
func NewEnvelopeHub(in Input, out Output, o format.Options, ho HubOptions) *Hub {
	route := &route{}
	input := Records(in, out, o)
	input.source = func(r io.Reader) Source {
		if in.Reader == nil {
			return &payloads{in.Payloads}
		}
		route.letters = format.NewEnvelopeDecoder(r, o)
		return route
	}
	w := bufio.NewWriterSize(out.Writer, outputBuffer)
	h := newHub(input, &envelopeOutput{w, format.NewEnvelopeEncoder(w)}, in.Payloads, ho)
	h.recipients = &addressee{h, route}
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
	h     *Hub
	route *route
}

func (a *addressee) Put(p frame.Payload) error {
	letter := a.route.letter
	if letter.Conn == 0 {
		return everybody{a.h}.Put(p)
	}
	m := a.h.member(letter.Conn)
	switch {
	case m == nil:
		a.h.Report(fmt.Errorf("there is no connection %d: what is for it is dropped", letter.Conn))
	case letter.Close:
		m.close()
	default:
		m.queue.put(p.Bytes)
	}
	return nil
}

func (a *addressee) Flush() error { return nil }
func (a *addressee) Close() error { return nil }

// envelopeOutput writes what happens as envelopes.
type envelopeOutput struct {
	w       *bufio.Writer
	encoder *format.EnvelopeEncoder
}

func (o *envelopeOutput) open(m *member) error {
	uid := -1
	if peer, err := m.conn.Peer(); err == nil {
		uid = peer.UID
	}
	if err := o.encoder.Open(m.number, m.conn.Address().String(), uid); err != nil {
		return err
	}
	return o.w.Flush()
}

func (o *envelopeOutput) message(m *member, payload []byte) error {
	return o.encoder.Message(m.number, payload)
}

func (o *envelopeOutput) close(m *member) error {
	if err := o.encoder.Close(m.number, m.received.Load(), m.sent.Load()); err != nil {
		return err
	}
	return o.w.Flush()
}

func (o *envelopeOutput) flush() error { return o.w.Flush() }
