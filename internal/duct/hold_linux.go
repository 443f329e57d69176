package duct

import (
	"errors"
	"io"
	"os"
)

// A Hold keeps bytes from a Conn until it is known that all of them have come,
// without taking them into the process. Its methods are for one goroutine.
type Hold struct {
	from *socket
	pipe conduit
	n    int64 // bytes in it
}

// NewHold makes a Hold for what comes from c and goes to f. The error is
// errors.ErrUnsupported where that cannot be without the process.
func NewHold(c Conn, f *os.File) (*Hold, error) {
	from, ok := c.(*socket)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	takes := false
	if err := withFile(f, func(fd int, kind fileKind) { takes = takesPages(fd, kind) }); err != nil || !takes {
		return nil, errors.ErrUnsupported
	}
	pipe, err := newConduit()
	if err != nil {
		return nil, err
	}
	return &Hold{from: from, pipe: pipe}, nil
}

// Fill moves bytes from the Conn, n at most, until the Hold has no more room,
// and says how many. The error is a *SourceError. It counts as a Read on the Conn.
func (h *Hold) Fill(n int64) (got int64, err error) {
	for got < n && err == nil {
		var m int64
		m, err = h.from.draw(h.pipe.in, n-got)
		got += m
	}
	h.n += got
	if err == errPipe {
		err = nil
	}
	return got, err
}

// Read takes bytes into the process after all. It returns io.EOF when the Hold is empty.
func (h *Hold) Read(p []byte) (int, error) {
	if h.n == 0 {
		return 0, io.EOF
	}
	n, err := pipeEnd(h.pipe.out).Read(p)
	h.n -= int64(n)
	return n, err
}

// MoveTo moves all that the Hold keeps to f, at its own offset, and says how
// much. The error is a *SinkError, or errors.ErrUnsupported where f does not
// take what is left, which can be read then.
func (h *Hold) MoveTo(f *os.File) (moved int64, err error) {
	e := withFile(f, func(fd int, _ fileKind) { moved, err = intoFile(fd, h.pipe.out, h.n) })
	h.n -= moved
	if e != nil {
		err = &SinkError{e}
	}
	return moved, err
}

// Close gives the system's memory back.
func (h *Hold) Close() { h.pipe.close() }
