package duct

import (
	"context"
	"net"

	"golang.org/x/sys/unix"
)

func (s *socket) read(p []byte) (int, error) { return s.conn.Read(p) }

// endReading leaves what is queued readable, as Linux does after SHUT_RD.
func (s *socket) endReading() error { return s.conn.CloseRead() }

// AwaitHangup takes a thread while it waits: Go's poller would wake it with
// every piece that a Write beside it gets rid of.
func (s *socket) AwaitHangup() error {
	closing, err := newLatch()
	if err != nil {
		return s.explain("watch", err)
	}
	defer closing.close()
	stop := context.AfterFunc(s.open, closing.fire)
	defer stop()
	var failure error
	err = s.raw.Control(func(fd uintptr) { failure = awaitHangup(int(fd), closing) })
	if err == nil {
		err = failure
	}
	return s.explain("watch", err)
}

// awaitHangup asks for no event, so that only those are seen that always are:
// POLLHUP, when both directions have ended, and POLLERR. See poll(2).
func awaitHangup(fd int, closing *latch) error {
	fds := []unix.PollFd{{Fd: int32(fd)}, {Fd: int32(closing.fd)}}
	if err := poll(fds, -1); err != nil {
		return err
	}
	if fds[0].Revents == 0 {
		return net.ErrClosed
	}
	return nil
}

// tcpClose is TCP_CLOSE of linux/tcp_states.h: no connection is left.
const tcpClose = 7

// unsent counts the bytes that the peer's system has not acknowledged; see
// SIOCOUTQ in tcp(7). Where the connection has broken it never will.
func unsent(fd int) (int, error) {
	left, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil || left == 0 {
		return left, err
	}
	if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil && info.State == tcpClose {
		return left, unix.ECONNRESET
	}
	return left, nil
}

// noSignal keeps a peer that is gone from costing us a SIGPIPE.
const noSignal = unix.MSG_NOSIGNAL

func (c *inherited) awaitHangup() error { return c.wait(0) }

func acceptCloexec(listener int) (int, error) {
	fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	return fd, err
}
