package duct

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// sendSpliced is SendFile where the kernel can do it alone.
func sendSpliced(c Conn, f *os.File, n int64) (sent int64, err error) {
	s, ok := c.(*socket)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	e := withFile(f, func(fd int, kind fileKind) {
		switch kind {
		case unix.S_IFREG:
			sent, err = s.sendRegular(fd, n)
		case unix.S_IFIFO:
			sent, err = s.sendPipe(fd, n)
		default:
			err = errors.ErrUnsupported
		}
	})
	return sent, sourceError(err, e)
}

// receiveSpliced is ReceiveFile where the kernel can do it alone.
func receiveSpliced(c Conn, f *os.File, n int64) (got int64, err error) {
	s, ok := c.(*socket)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	e := withFile(f, func(fd int, kind fileKind) {
		switch {
		case kind == unix.S_IFIFO:
			got, err = s.receivePipe(fd, n)
		case takesPages(fd, kind):
			got, err = s.through(f, func(pipe int, m int64) (int64, error) { return intoFile(fd, pipe, m) }, n)
		default:
			err = errors.ErrUnsupported
		}
	})
	if e != nil {
		return 0, &SinkError{e}
	}
	return got, err
}

// forwardSpliced is Forward where the kernel can do it alone.
func forwardSpliced(dst, src Conn, n int64) (int64, error) {
	from, ok := src.(*socket)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	to, ok := dst.(*socket)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return from.through(to, to.pourAll, n)
}

func sourceError(err, fileErr error) error {
	if fileErr != nil {
		return &SourceError{fileErr}
	}
	return err
}

// A fileKind is a file's S_IFMT, or nullDevice.
type fileKind uint32

// nullDevice is /dev/null, the one device that takes pages as they are.
const nullDevice fileKind = 0

// kindOf also tells the null device by its number, see null(4).
func kindOf(stat unix.Stat_t) fileKind {
	kind := fileKind(stat.Mode & unix.S_IFMT)
	if kind == unix.S_IFCHR && uint64(stat.Rdev) == unix.Mkdev(1, 3) {
		return nullDevice
	}
	return kind
}

// withFile calls do with the descriptor of f and the kind of file it is.
func withFile(f *os.File, do func(fd int, kind fileKind)) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var stat unix.Stat_t
	var statErr error
	err = raw.Control(func(fd uintptr) {
		if statErr = unix.Fstat(int(fd), &stat); statErr == nil {
			do(int(fd), kindOf(stat))
		}
	})
	return errors.Join(err, statErr)
}

// takesPages says whether splice(2) can move what a pipe holds to a file.
func takesPages(fd int, kind fileKind) bool {
	return kind == unix.S_IFIFO || (kind == unix.S_IFREG || kind == nullDevice) && !isAppending(fd)
}

// isAppending reports that splice(2) would refuse to write to fd.
func isAppending(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err != nil || flags&unix.O_APPEND != 0
}

// sendRegular is sendfile(2), which takes at most 2 GiB at a time.
func (s *socket) sendRegular(file int, n int64) (sent int64, err error) {
	e := s.raw.Write(func(fd uintptr) bool {
		for sent < n && err == nil {
			m, e := unix.Sendfile(int(fd), file, nil, int(min(n-sent, longestSplice)))
			switch {
			case e == unix.EAGAIN:
				return false
			case e == unix.EINTR:
			case e != nil:
				err = s.sendError(e, sent)
			case m == 0:
				err = &SourceError{io.ErrUnexpectedEOF}
			default:
				sent += int64(m)
				s.moved.Add(int64(m))
			}
		}
		return true
	})
	return sent, s.sinkError(err, e)
}

// sendError tells whose failure sendfile(2) reports.
func (s *socket) sendError(err error, sent int64) error {
	switch err {
	case unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP:
		if sent == 0 {
			return errors.ErrUnsupported
		}
	case unix.EIO, unix.ESTALE, unix.EISDIR, unix.EBADF, unix.EOVERFLOW:
		return &SourceError{err}
	}
	return &SinkError{s.explain("write to", err)}
}

// sendPipe splices from a pipe, for which it waits in poll(2): nothing but a
// blocked thread can wait for a pipe whose flags are not ours to change.
func (s *socket) sendPipe(pipe int, n int64) (sent int64, err error) {
	for sent < n {
		if err := awaitPipe(pipe, unix.POLLIN); err != nil {
			return sent, &SourceError{err}
		}
		m, err := s.pour(pipe, n-sent)
		sent += m
		switch {
		case err == errPipe:
		case err != nil:
			return sent, err
		case sent < n:
			return sent, &SourceError{io.ErrUnexpectedEOF}
		}
	}
	return sent, nil
}

// receivePipe splices into a pipe, for which it waits as sendPipe does.
func (s *socket) receivePipe(pipe int, n int64) (got int64, err error) {
	for got < n {
		m, err := s.draw(pipe, n-got)
		got += m
		if err == errPipe {
			err = awaitPipe(pipe, unix.POLLOUT)
		}
		if err != nil {
			return got, err
		}
	}
	return got, nil
}
