package duct

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// longestSplice keeps a single call short, so that Moved goes on.
const longestSplice = 1 << 30

// errPipe says that the pipe, not the socket, makes a splice wait.
var errPipe = errors.New("the pipe is empty or full")

// A wait says what has to change before a splice can go on.
type wait int

const (
	forNothing wait = iota
	forSocket
	forPipe
)

// splice is splice(2) between a socket and a pipe, which never waits. EAGAIN is
// its answer whichever side has to be waited for, so it asks which one. Either
// may have become ready since, in which case no event will ever tell: then it
// tries again.
func splice(from, to int, n int64, sides []unix.PollFd) (int64, wait, error) {
	for {
		m, err := unix.Splice(from, nil, to, nil, int(min(n, longestSplice)), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if err == unix.EAGAIN {
			next, err := whichWaits(sides)
			if next == forNothing && err == nil {
				continue
			}
			return 0, next, err
		}
		if err != unix.EINTR {
			return max(m, 0), forNothing, err
		}
	}
}

// whichWaits looks at the socket and the pipe, in this order.
func whichWaits(sides []unix.PollFd) (wait, error) {
	err := poll(sides, 0)
	switch {
	case err != nil:
		return forNothing, err
	case sides[1].Revents == 0:
		return forPipe, nil
	case sides[0].Revents == 0:
		return forSocket, nil
	}
	return forNothing, nil
}

// awaitPipe waits for an event on a pipe, or for its other end to be gone.
func awaitPipe(pipe int, event int16) error {
	return poll([]unix.PollFd{{Fd: int32(pipe), Events: event}}, -1)
}

// pour moves n bytes from a pipe to the socket. It returns errPipe when the
// pipe is empty before, and fewer bytes without an error when it has ended.
func (s *socket) pour(pipe int, n int64) (sent int64, err error) {
	sides := []unix.PollFd{{Events: unix.POLLOUT}, {Fd: int32(pipe), Events: unix.POLLIN}}
	e := s.raw.Write(func(fd uintptr) bool {
		sides[0].Fd = int32(fd)
		for sent < n {
			m, next, e := splice(pipe, int(fd), n-sent, sides)
			sent += m
			s.moved.Add(m)
			switch {
			case next == forSocket:
				return false
			case next == forPipe:
				err = errPipe
			case e != nil:
				err = s.spliceError(e, sent, "write to")
			case m > 0:
				continue
			}
			return true
		}
		return true
	})
	return sent, s.sinkError(err, e)
}

// draw moves up to n bytes, and some at least, from the socket to a pipe. It
// returns errPipe when the pipe is full before.
func (s *socket) draw(pipe int, n int64) (got int64, err error) {
	sides := []unix.PollFd{{Events: unix.POLLIN}, {Fd: int32(pipe), Events: unix.POLLOUT}}
	e := s.raw.Read(func(fd uintptr) bool {
		sides[0].Fd = int32(fd)
		m, next, e := splice(int(fd), pipe, n, sides)
		got = m
		s.moved.Add(m)
		switch {
		case next == forSocket:
			return false
		case next == forPipe:
			err = errPipe
		case e == unix.EPIPE:
			err = &SinkError{e}
		case e != nil:
			err = s.spliceError(e, 0, "read from")
		case m == 0:
			err = &SourceError{io.ErrUnexpectedEOF}
		}
		return true
	})
	if e != nil {
		err = &SourceError{s.explain("read from", e)}
	}
	return got, err
}

// pourAll moves n bytes, which the pipe holds, to the socket.
func (s *socket) pourAll(pipe int, n int64) (int64, error) {
	sent, err := s.pour(pipe, n)
	if err == errPipe || err == nil && sent < n {
		err = &SinkError{io.ErrUnexpectedEOF}
	}
	return sent, err
}

// spliceError blames the socket, whose failures these are: the pipe has only
// EPIPE, when it is written to.
func (s *socket) spliceError(err error, moved int64, doing string) error {
	if moved == 0 && (err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP) {
		return errors.ErrUnsupported
	}
	if doing == "write to" {
		return &SinkError{s.explain(doing, err)}
	}
	return &SourceError{s.explain(doing, err)}
}

// sinkError puts the failure to wait for the socket before any other.
func (s *socket) sinkError(err, waiting error) error {
	if waiting != nil {
		return &SinkError{s.explain("write to", waiting)}
	}
	return err
}
