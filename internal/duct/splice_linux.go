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

const spliceFlags = unix.SPLICE_F_MOVE | unix.SPLICE_F_NONBLOCK

func splice(from, to int, n int64) (int64, error) {
	for {
		m, err := unix.Splice(from, nil, to, nil, int(min(n, longestSplice)), spliceFlags)
		if err != unix.EINTR {
			return max(m, 0), err
		}
	}
}

// ready waits for an event, or its making pointless, on fd.
func ready(fd int, event int16, timeout int) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: event}}
	err := poll(fds, timeout)
	return fds[0].Revents != 0, err
}

// pour moves n bytes from a pipe to the socket. It returns errPipe when the
// pipe is empty before, and fewer bytes without an error when it has ended.
func (s *socket) pour(pipe int, n int64) (sent int64, err error) {
	e := s.raw.Write(func(fd uintptr) bool {
		for sent < n {
			m, e := splice(pipe, int(fd), n-sent)
			sent += m
			s.moved.Add(m)
			switch {
			case e == unix.EAGAIN:
				// Both sides have this one answer for having to wait.
				if some, _ := ready(pipe, unix.POLLIN, 0); some {
					return false
				}
				err = errPipe
				return true
			case e != nil:
				err = s.spliceError(e, sent, "write to")
				return true
			case m == 0:
				return true
			}
		}
		return true
	})
	return sent, s.sinkError(err, e)
}

// pourAll moves n bytes, which the pipe holds, to the socket.
func (s *socket) pourAll(pipe int, n int64) (int64, error) {
	sent, err := s.pour(pipe, n)
	if err == nil && sent < n {
		err = io.ErrUnexpectedEOF
	}
	return sent, err
}

// draw moves up to n bytes, and some at least, from the socket to a pipe. It
// returns errPipe when the pipe is full before.
func (s *socket) draw(pipe int, n int64) (got int64, err error) {
	e := s.raw.Read(func(fd uintptr) bool {
		m, e := splice(int(fd), pipe, n)
		got = m
		s.moved.Add(m)
		switch {
		case e == unix.EAGAIN:
			if room, _ := ready(pipe, unix.POLLOUT, 0); room {
				return false
			}
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

// conduitSize is how much a pipe of ours holds, where the system lets it.
const conduitSize = 1 << 20

// through moves n bytes from the socket into a pipe of ours, and from there on
// with drain, as splice(2) needs a pipe on one side.
func (s *socket) through(drain func(pipe int, n int64) (int64, error), n int64) (moved int64, err error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return 0, errors.ErrUnsupported
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	_, _ = unix.FcntlInt(uintptr(pipe[1]), unix.F_SETPIPE_SZ, conduitSize)
	for moved < n {
		got, err := s.draw(pipe[1], n-moved)
		if err != nil {
			return moved, err
		}
		put, err := drain(pipe[0], got)
		moved += put
		if err != nil {
			return moved, asSinkError(err)
		}
	}
	return moved, nil
}

// asSinkError also covers what could have been done otherwise: what the pipe
// holds by then is lost.
func asSinkError(err error) error {
	var sink *SinkError
	if errors.As(err, &sink) {
		return err
	}
	if errors.Is(err, errors.ErrUnsupported) {
		err = unix.EINVAL
	}
	return &SinkError{err}
}

// intoFile moves n bytes, which the pipe holds, to a regular file.
func intoFile(file, pipe int, n int64) (put int64, err error) {
	for put < n {
		m, err := splice(pipe, file, n-put)
		put += m
		if err != nil {
			return put, err
		}
		if m == 0 {
			return put, io.ErrUnexpectedEOF
		}
	}
	return put, nil
}
