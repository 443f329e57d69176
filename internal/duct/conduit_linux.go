package duct

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// conduitSize is how much a pipe of ours holds, where the system lets it.
const conduitSize = 1 << 20

// A conduit is a pipe of ours, as splice(2) needs one on one side. Neither of
// its ends waits.
type conduit struct{ out, in int }

func newConduit() (conduit, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return conduit{}, errors.ErrUnsupported
	}
	_, _ = unix.FcntlInt(uintptr(pipe[1]), unix.F_SETPIPE_SZ, conduitSize)
	return conduit{pipe[0], pipe[1]}, nil
}

func (c conduit) close() {
	unix.Close(c.out)
	unix.Close(c.in)
}

// through moves n bytes from the socket into a conduit, and from there on with
// drain. sink is where drain moves them, for the case that it cannot.
func (s *socket) through(sink io.Writer, drain func(pipe int, n int64) (int64, error), n int64) (moved int64, err error) {
	pipe, err := newConduit()
	if err != nil {
		return 0, err
	}
	defer pipe.close()
	for moved < n {
		got, err := s.draw(pipe.in, n-moved)
		if err != nil {
			return moved, err
		}
		put, err := drain(pipe.out, got)
		moved += put
		if errors.Is(err, errors.ErrUnsupported) {
			rest, err := emptyInto(sink, pipe.out, got-put)
			return moved + rest, err
		}
		if err != nil {
			return moved, err
		}
	}
	return moved, nil
}

// emptyInto copies the n bytes that a pipe holds, and returns ErrUnsupported
// then, for those still to come to be copied too.
func emptyInto(sink io.Writer, pipe int, n int64) (int64, error) {
	put, err := copyExactly(sink, pipeEnd(pipe), n)
	if err == nil {
		err = errors.ErrUnsupported
	}
	return put, err
}

// A pipeEnd reads from a pipe that is never empty when it is asked.
type pipeEnd int

func (p pipeEnd) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(p), b)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// intoFile moves n bytes, which the pipe holds, to a regular file, to another
// pipe, for which it waits, or to the null device.
func intoFile(file, pipe int, n int64) (put int64, err error) {
	for put < n {
		m, err := unix.Splice(pipe, nil, file, nil, int(n-put), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		put += max(m, 0)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if err := awaitPipe(file, unix.POLLOUT); err != nil {
				return put, &SinkError{err}
			}
		case err == unix.EINVAL || err == unix.ENOSYS:
			return put, errors.ErrUnsupported
		case err != nil:
			return put, &SinkError{err}
		case m == 0:
			return put, &SinkError{io.ErrUnexpectedEOF}
		}
	}
	return put, nil
}
