package duct

import (
	"golang.org/x/sys/unix"
)

func (s *socket) read(p []byte) (int, error) { return s.conn.Read(p) }

// endReading leaves what is queued readable, as Linux does after SHUT_RD.
func (s *socket) endReading() error { return s.conn.CloseRead() }

// AwaitHangup waits on Go's poller, where a hang-up counts as readable, and so
// holds no thread and disturbs no Write.
func (s *socket) AwaitHangup() error {
	var failure error
	err := s.raw.Read(func(fd uintptr) bool {
		gone, err := hungUp(int(fd))
		failure = err
		return gone || err != nil
	})
	if err == nil {
		err = failure
	}
	return s.explain("watch", err)
}

// hungUp asks for no event, so that only those are seen that always are:
// POLLHUP, when both directions have ended, and POLLERR. See poll(2).
func hungUp(fd int) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	err := poll(fds, 0)
	return fds[0].Revents != 0, err
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
