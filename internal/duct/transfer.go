package duct

import (
	"errors"
	"io"
	"os"
)

// A SourceError is a transfer that ended because its source did: with
// io.ErrUnexpectedEOF, or with what reading came to.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return e.Err.Error() }

func (e *SourceError) Unwrap() error { return e.Err }

// A SinkError is a transfer that ended because its destination took no more.
type SinkError struct{ Err error }

func (e *SinkError) Error() string { return e.Err.Error() }

func (e *SinkError) Unwrap() error { return e.Err }

// SendFile moves exactly n bytes from f, at its own offset, to c, on Linux
// without taking them into the process where f is a regular file or a pipe.
// It returns how many were sent. The error is a *SourceError when f broke or
// ended early, and a *SinkError when c did. It counts as a Write on c.
//
// Close on c does not wake it while it waits for a pipe that holds nothing.
func SendFile(c Conn, f *os.File, n int64) (int64, error) {
	return transfer(n,
		func() (int64, error) { return sendSpliced(c, f, n) },
		func(rest int64) (int64, error) { return copyExactly(c, f, rest) })
}

// ReceiveFile moves exactly n bytes from c to f, at its own offset, on Linux
// without taking them into the process where f is a pipe, or a regular file or
// the null device and not open for appending. It returns how many f has. The
// error is a *SourceError when c broke or ended early, and a *SinkError when f
// did. It counts as a Read on c.
//
// Close on c does not wake it while it waits for a pipe that is full.
func ReceiveFile(c Conn, f *os.File, n int64) (int64, error) {
	return transfer(n,
		func() (int64, error) { return receiveSpliced(c, f, n) },
		func(rest int64) (int64, error) { return copyExactly(f, c, rest) })
}

// Forward moves exactly n bytes from src to dst, on Linux without taking them
// into the process. It returns how many dst has. The error is a *SourceError
// when src broke or ended early, and a *SinkError when dst did. It counts as a
// Read on src and a Write on dst.
func Forward(dst, src Conn, n int64) (int64, error) {
	return transfer(n,
		func() (int64, error) { return forwardSpliced(dst, src, n) },
		func(rest int64) (int64, error) { return copyExactly(dst, src, rest) })
}

// transfer tries the fast way, and goes on the slow way where there is none.
func transfer(n int64, fast func() (int64, error), slow func(rest int64) (int64, error)) (int64, error) {
	moved, err := fast()
	if !errors.Is(err, errors.ErrUnsupported) {
		return moved, err
	}
	more, err := slow(n - moved)
	return moved + more, err
}

// copyBuffer is how much one read takes at most.
const copyBuffer = 256 << 10

// copyExactly is io.CopyN that tells which side broke.
func copyExactly(dst io.Writer, src io.Reader, n int64) (moved int64, err error) {
	buffer := make([]byte, min(n, copyBuffer))
	for moved < n {
		got, readErr := src.Read(buffer[:min(n-moved, int64(len(buffer)))])
		put, err := dst.Write(buffer[:got])
		moved += int64(put)
		switch {
		case err != nil:
			return moved, &SinkError{err}
		case readErr == io.EOF && moved < n:
			return moved, &SourceError{io.ErrUnexpectedEOF}
		case readErr != nil && moved < n:
			return moved, &SourceError{readErr}
		}
	}
	return moved, nil
}
