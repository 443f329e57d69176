package duct

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// closingTime is how long Close waits for a peer that takes no byte to take the
// few that say goodbye. An orderly end, after Settle, never waits.
const closingTime = 100 * time.Millisecond

// A secure is a Conn inside TLS. What it has of its socket, such as Moved and
// AwaitHangup, is about the bytes outside.
type secure struct {
	*socket
	wire    *wire
	tls     *tls.Conn
	dialled bool // not accepted
	reset   bool // Read has returned a reset

	out    sync.Mutex // is held while we send
	ended  bool       // CloseWrite was called
	closed atomic.Bool

	heard  atomic.Bool           // the peer has said goodbye
	shut   atomic.Bool           // we have ended the TCP stream, too
	said   atomic.Int64          // how much room our own goodbye takes in the stream
	unsaid atomic.Pointer[error] // the reset that kept us from it, for Err
}

func newSecure(s *socket, over func(*wire) *tls.Conn) *secure {
	w := &wire{socket: s}
	return &secure{socket: s, wire: w, tls: over(w)}
}

// handshake leaves the connection open when it fails. No Conn is anybody's
// before it has succeeded.
func (s *secure) handshake(ctx context.Context, limit time.Duration) error {
	s.conn.SetDeadline(time.Now().Add(limit))
	release := interruptible(ctx, s.conn)
	err := s.tls.Handshake()
	release()
	s.conn.SetDeadline(time.Time{})
	return err
}

// Read returns a *TLSError when the peer breaks the rules of TLS, as it does
// when its stream ends without saying so, and a *RefusedError when it turns us
// away, which in TLS 1.3 a dialler learns only after its handshake.
func (s *secure) Read(p []byte) (int, error) {
	if s.closed.Load() {
		return 0, s.explain("read from", net.ErrClosed)
	}
	if s.reset {
		return 0, s.fault.instead(io.EOF)
	}
	n, err := s.tls.Read(p)
	if err = s.readError(err); err == io.EOF && s.forgive(s.fault.instead(err)) != nil {
		err = s.fault.instead(err)
	}
	return n, err
}

// readError tells how the peer ended from how the socket did: of a stream that
// ends between two records crypto/tls says io.EOF either way.
func (s *secure) readError(err error) error {
	switch outside := s.wire.err; {
	case err == nil:
		return nil
	case outside == io.EOF && s.ending.Load():
		return io.EOF // it was us who ended it
	case outside == io.EOF && s.wasReset():
		s.reset = true
		return s.explain("read from", syscall.ECONNRESET)
	case outside == io.EOF:
		return &TLSError{Doing: "read from " + s.address.label(), Err: ErrCut}
	case outside != nil:
		s.reset = errors.Is(outside, syscall.ECONNRESET)
		return outside
	case err == io.EOF:
		s.heard.Store(true)
		return io.EOF
	}
	return s.broken(err)
}

// wasReset says whether a reset is behind what Read takes for the end: the
// system tells of it once, and may have told somebody who writes.
func (s *secure) wasReset() bool {
	if s.wire.lost.Load() {
		return true
	}
	var closed bool
	s.raw.Control(func(fd uintptr) { closed = isClosed(int(fd)) })
	return closed && !s.shut.Load()
}

func (s *secure) Write(p []byte) (int, error) {
	s.out.Lock()
	defer s.out.Unlock()
	if s.ended && !s.closed.Load() {
		return 0, s.explain("write to", syscall.EPIPE) // as without TLS
	}
	n, err := s.tls.Write(p)
	return n, s.sendError("write to", err)
}

// CloseWrite says goodbye: inside of TLS and outside, that nothing more will
// come. A peer that has left meanwhile is no failure of it, but of what was
// written before, if that is lost: then Err tells.
func (s *secure) CloseWrite() error {
	s.out.Lock()
	defer s.out.Unlock()
	if s.ended && !s.closed.Load() {
		return nil
	}
	s.ended = true
	before := s.wire.sent.Load()
	err := s.tls.CloseWrite()
	if err == nil {
		s.said.Store(s.wire.sent.Load() - before)
		err = s.shutWrite()
	}
	if err = s.sendError("end sending to", err); isReset(err) {
		s.unsaid.Store(&err)
		return nil
	}
	return err
}

// shutWrite ends the TCP stream.
func (s *secure) shutWrite() error {
	s.shut.Store(true)
	err := s.conn.CloseWrite()
	if err != nil {
		s.shut.Store(false)
		return err
	}
	s.said.Add(1) // the end is numbered as a byte is
	return nil
}

// Err does not tell of a reset by which nothing was lost.
func (s *secure) Err() error {
	err := s.socket.Err()
	if unsaid := s.unsaid.Load(); err == nil && unsaid != nil {
		err = *unsaid
	}
	return s.forgive(err)
}

// forgive returns nil for a reset that only says that nobody read our goodbye:
// the peer had said its own, and its system has all that we wrote before. Many
// close there and then, and the bytes of TLS's goodbye are unread data to them,
// as the end of a TCP stream is not. Where we have ended both directions, it is
// our own system that resets the connection when the peer says its goodbye.
func (s *secure) forgive(err error) error {
	over := s.heard.Load() || s.ending.Load()
	if said := s.said.Load(); isReset(err) && over && said > 0 && s.unacknowledged() <= said {
		return nil
	}
	return err
}

// unacknowledged counts the bytes that the peer's system did not take.
func (s *secure) unacknowledged() int64 {
	left := math.MaxInt
	s.raw.Control(func(fd uintptr) { left, _ = unsent(int(fd)) })
	return int64(left)
}

// isReset reports how a connection fails whose peer has refused something that
// was sent to it, or has sent us away.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ENOTCONN)
}

// sendError puts Close before what crypto/tls says, whose goodbye it was.
func (s *secure) sendError(doing string, err error) error {
	if err != nil && s.closed.Load() {
		err = net.ErrClosed
	}
	return s.explain(doing, err)
}

// Settle says goodbye before it waits, so that the peer's system has that too.
func (s *secure) Settle(ctx context.Context) error {
	release := interruptible(ctx, s.conn)
	s.CloseWrite() // if it fails, so does what follows, or Err tells
	release()
	return s.forgive(s.socket.Settle(ctx))
}

// Close says goodbye where that is not overdue: somebody who waits for the
// peer to take bytes is not waited for in turn, but woken.
func (s *secure) Close() error {
	s.closed.Store(true)
	if s.out.TryLock() {
		s.conn.SetWriteDeadline(time.Now().Add(closingTime))
		s.tls.CloseWrite()
		s.out.Unlock()
	}
	return s.socket.Close()
}

// A wire is a socket as crypto/tls sees it. One goroutine may read while
// another writes.
type wire struct {
	*socket
	heard bool  // anything was read
	err   error // what ended reading
	sent  atomic.Int64
	lost  atomic.Bool // Write was told of a reset
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.socket.Read(p)
	w.heard = w.heard || n > 0
	if err != nil {
		w.err = err
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	n, err := w.socket.Write(p)
	w.sent.Add(int64(n))
	if isReset(err) {
		w.lost.Store(true)
	}
	return n, err
}

func (w *wire) LocalAddr() net.Addr  { return w.conn.LocalAddr() }
func (w *wire) RemoteAddr() net.Addr { return w.conn.RemoteAddr() }

// Deadlines are set by us on the socket. Those of crypto/tls would give a slow
// peer five seconds to take what lies before the goodbye, and lose both then.

func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
