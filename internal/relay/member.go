package relay

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// A member is one peer of a hub.
type member struct {
	conn     duct.Conn
	number   int64
	queue    *queue // what is to be sent to it
	taps     Taps
	received atomic.Int64
	sent     atomic.Int64
	arrived  atomic.Int64 // bytes read from it

	receivedBytes, sentBytes atomic.Int64 // of payloads

	stalled atomic.Bool   // it was closed for taking nothing
	closing chan struct{} // closed by close
	close   func()        // ends it once it has been sent what is queued

	writing  bool          // it has the output for itself, for receive
	opened   bool          // its coming has been told, for after read
	read     chan struct{} // closed when nothing more is read from it
	readErr  error         // why, for after read
	written  chan struct{} // closed when nothing more is written to it
	writeErr error         // why, for after written
}

func newMember(conn duct.Conn, number int64) *member {
	m := &member{
		conn: conn, number: number, queue: newQueue(), closing: make(chan struct{}),
		read: make(chan struct{}), written: make(chan struct{}),
	}
	m.close = sync.OnceFunc(func() {
		close(m.closing)
		m.queue.close()
	})
	return m
}

// live carries messages from and to the member until it is done with, ctx
// ends, or kill does, after which it does not wait for the output either.
func (m *member) live(ctx, kill context.Context, h *Hub) error {
	go m.write()
	go m.receive(kill, h)
	err := m.follow(ctx, h)
	if err == nil {
		m.settle(ctx, h.StallTimeout)
	}
	m.queue.close()
	m.conn.Close() // which wakes the writer, if there is one
	<-m.written
	m.awaitRead(kill)
	return m.verdict(ctx, err)
}

// follow waits until both directions have ended. The error ends them.
func (m *member) follow(ctx context.Context, h *Hub) error {
	read, written, closing := m.read, m.written, m.closing
	over, complete := h.over, h.complete
	var gone <-chan struct{}
	for read != nil || written != nil {
		select {
		case <-read:
			read = nil
			if m.readErr != nil && !h.isOver() { // else it was us who ended it
				return m.readErr
			}
			if written != nil {
				gone = m.gone()
			}
		case <-written:
			written = nil
			if closing == nil {
				return nil
			}
		case <-closing:
			closing = nil
			if written == nil {
				return nil
			}
		case <-gone: // what is queued finds that out by itself
			gone = nil
			m.queue.close()
		case <-over:
			over = nil
			m.conn.CloseRead()
		case <-complete: // what is queued is sent all the same
			complete = nil
			m.queue.close()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// gone is closed when nobody is at the other end any more.
func (m *member) gone() <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		if m.conn.AwaitHangup() == nil {
			close(gone)
		}
	}()
	return gone
}

// settle makes the end an orderly one. A peer that we were asked to close can
// not put that off by sending on and on.
func (m *member) settle(ctx context.Context, patience time.Duration) {
	select {
	case <-m.closing:
		if patience > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, patience)
			defer cancel()
		}
	default:
	}
	m.conn.Settle(ctx)
}

// awaitRead waits until all that was received has been passed on. Whoever
// writes to an output that stands still cannot be woken, and is left behind.
func (m *member) awaitRead(kill context.Context) {
	select {
	case <-m.read:
		return
	case <-kill.Done():
	}
	select {
	case <-m.read:
	case <-time.After(abortGrace):
	}
}

// hasRead says whether the member has been waited for by awaitRead with success.
func (m *member) hasRead() bool {
	select {
	case <-m.read:
		return true
	default:
		return false
	}
}

// receive passes on what the member sends.
func (m *member) receive(kill context.Context, h *Hub) {
	defer close(m.read)
	if m.readErr = h.tell(kill, func() error { return h.output.open(m) }); m.readErr != nil {
		return
	}
	m.opened = true
	messages := frame.NewReader(outputFirst{m.conn, h, m}, h.Limit)
	for m.readErr == nil {
		var p frame.Payload
		if p, m.readErr = messages.Next(); m.readErr == nil {
			m.readErr = h.receive(kill, m, p.Bytes)
		}
	}
	h.passOn(m) // should it fail, the service is over
	if m.readErr == io.EOF {
		m.readErr = nil
	}
}

// verdict says what the member is remembered by, err having ended it. It is
// called when nothing is written any more.
func (m *member) verdict(ctx context.Context, err error) error {
	left := m.queue.messages()
	switch {
	case m.stalled.Load():
		return &stallError{left}
	case err == nil && left > 0 && m.writeErr != nil:
		return m.broken(m.writeErr)
	case err == nil, endsConversation(err), ctx.Err() != nil, err == errStopped:
		return err
	}
	return m.broken(err)
}

func (m *member) result() Result {
	return Result{
		Sent: m.sent.Load(), SentBytes: m.sentBytes.Load(),
		Received: m.received.Load(), ReceivedBytes: m.receivedBytes.Load(),
	}
}

func (m *member) broken(err error) error {
	return &BrokenError{End: "the connection", Writing: true, Duct: true, Written: m.sent.Load(), Err: err}
}
