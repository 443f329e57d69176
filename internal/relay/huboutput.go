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

// put has do write to the output. A failure of that ends the service. Once
// kill has ended, nobody is waited for who writes already.
func (h *Hub) put(kill context.Context, do func() error) error {
	if !h.lock(kill) {
		return errStopped
	}
	err := do()
	<-h.writing
	if err == nil || err == errStopped {
		return err
	}
	h.end((&lane{to: h.input}).sinkError(err))
	return errStopped
}

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

// tellOpen tells that a peer has come.
func (h *Hub) tellOpen(kill context.Context, m *member) error {
	return h.put(kill, func() error { return h.output.open(m) })
}

// receive passes on one message of a peer.
func (h *Hub) receive(kill context.Context, m *member, payload []byte) error {
	return h.put(kill, func() error {
		if h.isOver() {
			return errStopped
		}
		m.received.Add(1)
		if err := h.output.message(m, payload); err != nil {
			return err
		}
		h.count++
		if h.count < h.Count || h.Count == 0 {
			return nil
		}
		if err := h.output.flush(); err != nil {
			return err
		}
		h.end(nil)
		return errStopped
	})
}

// flush hands on what peers have sent.
func (h *Hub) flush(kill context.Context) error { return h.put(kill, h.output.flush) }

// outputFirst is a reader that hands on what has been received before it may
// have to wait for more.
type outputFirst struct {
	r    io.Reader
	kill context.Context
	h    *Hub
	m    *member
}

func (f outputFirst) Read(p []byte) (int, error) {
	if err := f.h.flush(f.kill); err != nil {
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
