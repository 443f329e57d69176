package duct

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// endReading wakes the Read that waits. SHUT_RD would throw away what is
// queued here.
func (s *socket) endReading() error { return s.conn.SetReadDeadline(time.Unix(1, 0)) }

func (s *socket) read(p []byte) (int, error) {
	n, err := s.conn.Read(p)
	if s.ending.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		return s.readQueued(p)
	}
	return n, err
}

// readQueued reads what has arrived without waiting for more.
func (s *socket) readQueued(p []byte) (n int, err error) {
	if e := s.raw.Control(func(fd uintptr) { n, err = receive(int(fd), p) }); e != nil {
		err = e
	}
	if err == unix.EAGAIN || err == nil && n == 0 && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

// hangupLook is how often AwaitHangup looks: kqueue(2) reports a half-close to
// readers as it does a hang-up, so that there is no event to wait for.
const hangupLook = 50 * time.Millisecond

// AwaitHangup looks at the writing side, which ends only when the peer is gone.
func (s *socket) AwaitHangup() error {
	for {
		var gone bool
		var err error
		if e := s.raw.Control(func(fd uintptr) { gone, err = hungUp(int(fd)) }); e != nil {
			err = net.ErrClosed
		}
		if gone || err != nil {
			return s.explain("watch", err)
		}
		time.Sleep(hangupLook)
	}
}

func hungUp(fd int) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	err := poll(fds, 0)
	return fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0, err
}

// unsent counts the bytes in the send buffer.
func unsent(fd int) (int, error) {
	return unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NWRITE)
}

// isClosed leaves a reset to those who are told of it.
func isClosed(int) bool { return false }

// noSignal is not needed: Go's runtime ignores SIGPIPE.
const noSignal = 0

func (c *inherited) awaitHangup() error {
	for {
		if gone, err := hungUp(c.fd); gone || err != nil {
			return err
		}
		fds := []unix.PollFd{{Fd: int32(c.gone.fd)}}
		if _, err := unix.Poll(fds, int(hangupLook.Milliseconds())); err != nil && err != unix.EINTR {
			return err
		}
		if fds[0].Revents != 0 {
			return net.ErrClosed
		}
	}
}

// acceptCloexec cannot hold syscall.ForkLock over a call that may wait, so a
// child forked in the moment between inherits the connection.
func acceptCloexec(listener int) (int, error) {
	fd, _, err := unix.Accept(listener)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	return fd, err
}
