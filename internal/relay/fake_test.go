package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"ductworks/internal/duct"
)

// A fakeConn is a duct without a socket, for tests in which time stands still.
// What the peer sends comes through the channel in, which is closed where its
// stream ends. Of what is sent to the peer it takes so many bytes as there is
// room for, and then fails, or with stall set waits until it is closed.
type fakeConn struct {
	in    chan []byte
	room  int64
	stall bool

	rest   []byte
	moved  atomic.Int64
	closed chan struct{}
	close  func()
}

func newFakeConn(room int64) *fakeConn {
	c := &fakeConn{in: make(chan []byte), room: room, closed: make(chan struct{})}
	c.close = sync.OnceFunc(func() { close(c.closed) })
	return c
}

func (c *fakeConn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		select {
		case b, ok := <-c.in:
			if !ok {
				return 0, io.EOF
			}
			c.rest = b
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	c.moved.Add(int64(n))
	return n, nil
}

func (c *fakeConn) Write(p []byte) (int, error) {
	n := min(int64(len(p)), c.room)
	c.room -= n
	c.moved.Add(n)
	if n == int64(len(p)) {
		return len(p), nil
	}
	if c.stall {
		<-c.closed
		return int(n), net.ErrClosed
	}
	return int(n), syscall.EPIPE
}

func (c *fakeConn) CloseWrite() error { return nil }
func (c *fakeConn) CloseRead() error  { return nil }

func (c *fakeConn) AwaitHangup() error {
	<-c.closed
	return net.ErrClosed
}

func (c *fakeConn) Settle(ctx context.Context) error {
	if c.stall && c.room == 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return nil
}

func (c *fakeConn) Close() error {
	c.close()
	return nil
}

func (c *fakeConn) Address() duct.Address    { return duct.Address{} }
func (c *fakeConn) Peer() (duct.Peer, error) { return duct.Peer{}, errors.ErrUnsupported }
func (c *fakeConn) Moved() int64             { return c.moved.Load() }
func (c *fakeConn) Err() error               { return nil }
