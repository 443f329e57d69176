package duct

import (
	"context"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

func (s *socket) read(p []byte) (int, error) { return s.conn.Read(p) }

// endReading leaves what is queued readable, as Linux does after SHUT_RD.
func (s *socket) endReading() error { return s.conn.CloseRead() }

// AwaitHangup waits on an epoll instance of its own, and for that on Go's
// poller, which by itself would wake it with every piece that a Write beside it
// gets rid of, and does without a thread.
func (s *socket) AwaitHangup() error {
	watch, err := s.watchHangup()
	if err != nil {
		return s.explain("watch", err)
	}
	defer watch.Close()
	defer context.AfterFunc(s.open, func() { watch.Close() })()
	raw, err := watch.SyscallConn()
	if err == nil {
		err = raw.Read(func(fd uintptr) bool { return hasEvent(int(fd)) })
	}
	if s.open.Err() != nil {
		err = net.ErrClosed
	}
	return s.explain("watch", err)
}

// watchHangup gives an epoll instance that asks for no event, so that only
// those are seen that always are: EPOLLHUP, when both directions have ended,
// and EPOLLERR. See epoll_ctl(2).
func (s *socket) watchHangup() (*os.File, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if e := s.raw.Control(func(fd uintptr) { err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{}) }); e != nil {
		err = e
	}
	if err == nil {
		err = unix.SetNonblock(epoll, true) // which is how os.NewFile knows that it can be polled
	}
	if err != nil {
		unix.Close(epoll)
		return nil, err
	}
	return os.NewFile(uintptr(epoll), "epoll"), nil
}

func hasEvent(epoll int) bool {
	for {
		n, err := unix.EpollWait(epoll, make([]unix.EpollEvent, 1), 0)
		if err != unix.EINTR {
			return err == nil && n > 0
		}
	}
}

// tcpClose is TCP_CLOSE of linux/tcp_states.h: no connection is left.
const tcpClose = 7

// unsent counts the bytes that the peer's system has not acknowledged; see
// SIOCOUTQ in tcp(7). Where the connection has broken it never will.
func unsent(fd int) (int, error) {
	// In this order: what is left once no connection is left has been refused,
	// and what was left before may have been acknowledged by then.
	closed := isClosed(fd)
	left, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err == nil && left > 0 && closed {
		err = unix.ECONNRESET
	}
	return left, err
}

// isClosed says whether no connection is left: it was reset, or both sides
// have ended it.
func isClosed(fd int) bool {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	return err == nil && info.State == tcpClose
}

// noSignal keeps a peer that is gone from costing us a SIGPIPE.
const noSignal = unix.MSG_NOSIGNAL

func (c *inherited) awaitHangup() error { return c.wait(0) }

func acceptCloexec(listener int) (int, error) {
	fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	return fd, err
}
