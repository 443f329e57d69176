package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// A member is one peer of a hub.
type member struct {
	conn     duct.Conn
	number   int64
	queue    *queue // what is to be sent to it
	received atomic.Int64
	sent     atomic.Int64
	arrived  atomic.Int64 // bytes read from it

	stalled atomic.Bool
	closed  atomic.Bool   // we were asked to close it
	read    chan struct{} // closed when nothing more is read from it
	readErr error         // why, for after read
	written chan struct{} // closed when nothing more is written to it
	werr    error         // why, for after written
}

func newMember(conn duct.Conn, number int64) *member {
	return &member{
		conn: conn, number: number, queue: newQueue(),
		read: make(chan struct{}), written: make(chan struct{}),
	}
}

// live carries messages from and to the member until it is done with.
func (m *member) live(ctx context.Context, h *Hub) error {
	go m.write()
	go func() {
		defer close(m.read)
		m.readErr = m.receive(h)
	}()
	err := m.follow(ctx, h)
	if err == nil {
		m.conn.Settle(ctx)
	}
	m.queue.abandon()
	m.conn.Close()
	<-m.written
	<-m.read
	return m.verdict(ctx, err)
}

// follow waits until both directions have ended. The error ends them.
func (m *member) follow(ctx context.Context, h *Hub) error {
	read, written, over := m.read, m.written, h.over
	var gone <-chan struct{}
	for read != nil || written != nil {
		select {
		case <-read:
			read = nil
			if m.readErr != nil && m.readErr != errStopped {
				return m.readErr
			}
			gone = m.gone()
		case <-written:
			written = nil
			if m.closed.Load() {
				return nil
			}
		case <-gone: // what is queued finds that out by itself
			gone = nil
			m.queue.close()
		case <-over: // what is queued is sent all the same
			over = nil
			m.queue.close()
			m.conn.CloseRead()
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

// receive passes on what the member sends.
func (m *member) receive(h *Hub) error {
	messages := frame.NewReader(outputFirst{m.conn, h, m}, h.Limit)
	for {
		p, err := messages.Next()
		if err == nil {
			err = h.receive(m, p)
		}
		switch {
		case err == io.EOF:
			return h.flush()
		case err != nil:
			h.flush()
			return err
		}
	}
}

// write sends what is queued. It ends with the queue, whose end is passed on.
func (m *member) write() {
	defer close(m.written)
	for {
		frames, count, ok := m.queue.take()
		if !ok {
			m.werr = m.conn.CloseWrite()
			return
		}
		if _, err := m.conn.Write(frames); err != nil {
			m.werr = err
			m.queue.abandon()
			return
		}
		m.sent.Add(count)
	}
}

// verdict says what the member is remembered by, err having ended it. It is
// called when nothing is written any more.
func (m *member) verdict(ctx context.Context, err error) error {
	switch {
	case m.stalled.Load():
		return &stallError{m.queue.messages()}
	case err == errStopped, errors.Is(err, net.ErrClosed) && m.closed.Load():
		err = nil
	case err != nil && !endsConversation(err) && ctx.Err() == nil:
		return m.broken(err)
	}
	if err == nil && m.queue.messages() > 0 && m.werr != nil && !errors.Is(m.werr, net.ErrClosed) {
		return m.broken(m.werr)
	}
	return err
}

func (m *member) broken(err error) error {
	return &BrokenError{End: "the connection", Writing: true, Duct: true, Written: m.sent.Load(), Err: err}
}

// close ends the member once it has been sent what is queued.
func (m *member) close() {
	m.closed.Store(true)
	m.queue.close()
}

// A stallError says that a peer did not take what it was sent.
type stallError struct{ left int64 }

func (e *stallError) Error() string {
	return fmt.Sprintf("the peer took no byte for the --stall-timeout and is closed, %d messages for it being left", e.left)
}
