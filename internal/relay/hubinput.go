package relay

import (
	"context"

	"ductworks/internal/frame"
)

// startInput begins to read the input, if there is one, once a peer is there.
// The function that it returns ends that when what has been read has been
// given to its recipients, or ctx ends.
func (h *Hub) startInput() (stop func(ctx context.Context)) {
	if h.input.Reader == nil {
		return func(context.Context) {}
	}
	l, done := newLane(h.input, &End{Sink: h.recipients}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-h.joined:
			l.run()
			h.endInput(l.err)
		case <-h.over:
		}
	}()
	return func(ctx context.Context) {
		if l.stop() {
			return
		}
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
}

// endInput deals with the end of the input.
func (h *Hub) endInput(err error) {
	h.mu.Lock()
	h.inputOver = true
	if fails(err) {
		h.wrong = err
	}
	h.mu.Unlock()
	if fails(err) {
		h.Report(err)
	}
	for _, m := range h.appendAll(nil) {
		h.endSending(m)
	}
}

// everybody is the Sink of what goes to all peers.
type everybody struct {
	h   *Hub
	all []*member // for the next message
}

// Put gives the message first to those that can take it at once.
func (e *everybody) Put(p frame.Payload) error {
	payload := p.Bytes
	if p.Rest != nil {
		whole, err := gather(p)
		if err != nil {
			return err
		}
		payload = whole
	}
	parcel := newParcel(payload)
	e.all = e.h.appendAll(e.all[:0])
	slow := e.all[:0]
	for _, m := range e.all {
		if err := e.h.see(m.taps.Sent, payload); err != nil {
			return err
		}
		if !m.queue.tryPut(parcel) {
			slow = append(slow, m)
		}
	}
	for _, m := range slow {
		m.queue.put(parcel)
	}
	clear(e.all)
	return nil
}

func (e *everybody) Flush() error { return nil }
func (e *everybody) Close() error { return nil }
