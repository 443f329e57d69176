package relay

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ductworks/internal/frame"
)

// A hubOutput is where messages go that come from peers. Its methods are
// called by one goroutine at a time, but for unfit.
type hubOutput interface {
	open(m *member) error
	message(m *member, payload []byte) error
	close(m *member) error
	flush() error
	unfit() int64 // messages that could not be shown
}

// lock waits until nobody else writes to the output. Once kill has ended, it
// does not wait, and returns false where it would have to.
func (h *Hub) lock(kill context.Context) bool {
	select {
	case h.writing <- struct{}{}:
		return true
	default:
	}
	select {
	case h.writing <- struct{}{}:
		return true
	case <-kill.Done():
		return false
	}
}

func (h *Hub) unlock() { <-h.writing }

// outcome deals with the outcome of a write to the output: its failure ends
// the service.
func (h *Hub) outcome(err error) error {
	if err == nil || err == errStopped {
		return err
	}
	h.end((&lane{to: h.input}).sinkError(err))
	return errStopped
}

// tell writes what is no message of a peer.
func (h *Hub) tell(kill context.Context, write func() error) error {
	if !h.lock(kill) {
		return errStopped
	}
	defer h.unlock()
	return h.outcome(write())
}

// receive passes on one message of a peer, which has the output for itself
// from then on until passOn: many small messages take the lock once.
func (h *Hub) receive(kill context.Context, m *member, payload []byte) error {
	if !m.writing {
		if !h.lock(kill) {
			return errStopped
		}
		m.writing = true
	}
	return h.outcome(h.write(m, payload))
}

// write counts one message and writes it.
func (h *Hub) write(m *member, payload []byte) error {
	if h.isOver() {
		return errStopped
	}
	m.received.Add(1)
	m.receivedBytes.Add(int64(len(payload)))
	if err := h.see(m.taps.Received, payload); err != nil {
		return err
	}
	if err := h.output.message(m, payload); err != nil {
		return err
	}
	h.count++
	if h.count != h.Count {
		return nil
	}
	if err := h.output.flush(); err != nil {
		return err
	}
	h.end(nil)
	return errStopped
}

// passOn hands on what a peer has sent, and gives the output to the next.
func (h *Hub) passOn(m *member) error {
	if !m.writing {
		return nil
	}
	m.writing = false
	defer h.unlock()
	return h.outcome(h.output.flush())
}

// outputFirst is a reader that hands on what has been received before it may
// have to wait for more.
type outputFirst struct {
	r io.Reader
	h *Hub
	m *member
}

func (f outputFirst) Read(p []byte) (int, error) {
	if err := f.h.passOn(f.m); err != nil {
		return 0, err
	}
	n, err := f.r.Read(p)
	f.m.arrived.Add(int64(n))
	return n, err
}

// plainOutput writes messages as records, whoever they come from.
type plainOutput struct {
	sink Sink
	from *member // of the message that is being written
}

func newPlainOutput(out Output) *plainOutput {
	o := &plainOutput{}
	report := out.Report
	out.Report = func(err error) { report(o.name(err)) }
	o.sink = newRecordSink(out)
	return o
}

// name adds to an error about a message which peer has sent it.
func (o *plainOutput) name(err error) error {
	var p *PayloadError
	if errors.As(err, &p) {
		p.Number = o.from.received.Load()
	}
	return fmt.Errorf("connection %d: %w", o.from.number, err)
}

func (o *plainOutput) open(*member) error  { return nil }
func (o *plainOutput) close(*member) error { return nil }
func (o *plainOutput) flush() error        { return o.sink.Flush() }

func (o *plainOutput) message(m *member, payload []byte) error {
	o.from = m
	return o.sink.Put(frame.Payload{Bytes: payload})
}

func (o *plainOutput) unfit() int64 {
	if s, ok := o.sink.(*recordSink); ok {
		return s.unfit.Load()
	}
	return 0
}
