//go:build linux || darwin

package duct

import (
	"context"
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// outgoing is the state of the Write under way. Its closure is made once for
// each connection, so that no Write allocates.
type outgoing struct {
	rest []byte
	err  error
	push func(fd uintptr) bool
}

func (o *outgoing) prepare(s *socket) {
	o.push = func(fd uintptr) bool { return s.push(int(fd)) }
}

// Write sends piece by piece, rather than through net.Conn, so that Moved can
// tell a slow peer from one that takes nothing.
func (s *socket) Write(p []byte) (int, error) {
	s.out.rest, s.out.err = p, nil
	err := s.raw.Write(s.out.push)
	if err == nil {
		err = s.out.err
	}
	n := len(p) - len(s.out.rest)
	s.out.rest = nil
	return n, s.explain("write to", err)
}

// push sends what the system takes, and returns false to be called again when
// it takes more.
func (s *socket) push(fd int) bool {
	for len(s.out.rest) > 0 {
		n, err := unix.Write(fd, s.out.rest)
		switch err {
		case nil:
			s.out.rest = s.out.rest[n:]
			s.moved.Add(int64(n))
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			s.out.err = err
			return true
		}
	}
	return true
}

// enlarge makes a send buffer as large as the system's net.core.wmem_max
// allows; see socket(7).
func enlarge(fd, bytes int) { unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, bytes) }

// Settle waits for the peer's system, looking again and again: no event tells
// that the last byte was acknowledged.
func (s *socket) Settle(ctx context.Context) error {
	if s.address.IsUnix() {
		return nil
	}
	err := settle(ctx, func() (done bool, err error) {
		if e := s.raw.Control(func(fd uintptr) { done, err = settled(int(fd), true) }); e != nil {
			err = e
		}
		return done, err
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	return s.explain("deliver the last bytes to", err)
}

const (
	firstLook   = time.Millisecond
	longestLook = 20 * time.Millisecond
)

func settle(ctx context.Context, look func() (bool, error)) error {
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		if done, err := look(); done || err != nil {
			return err
		}
		if !sleep(ctx, pause) {
			return context.Cause(ctx)
		}
	}
}

// settled reports that the peer's system has all that was written. With drain
// it throws away what has arrived, after looking at what is unsent, since what
// lies unread at the end makes close(2) reset the connection.
func settled(fd int, drain bool) (bool, error) {
	left, err := unsent(fd)
	if err != nil || !drain {
		return left == 0, err
	}
	empty, err := discard(fd)
	return left == 0 && empty, err
}

// wasteLimit is how many buffers discard fills at most, so that a peer that
// never stops sending does not hold it up for ever.
const wasteLimit = 64

// discard throws away what has arrived, and reports whether that was all.
func discard(fd int) (bool, error) {
	waste := make([]byte, 16<<10)
	for range wasteLimit {
		n, err := receive(fd, waste)
		switch {
		case errors.Is(err, unix.EAGAIN), err == nil && n == 0:
			return true, nil
		case err != nil:
			return false, err
		}
	}
	return false, nil
}

// receive is recv(2) that never waits, whatever the flags of the descriptor.
func receive(fd int, p []byte) (int, error) {
	for {
		n, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// pendingError takes the error off the socket that SO_ERROR shows; see socket(7).
func pendingError(fd int) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || errno == 0 {
		return err
	}
	return syscall.Errno(errno)
}
