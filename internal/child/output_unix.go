//go:build unix

package child

import (
	"io"

	"golang.org/x/sys/unix"
)

// readNow reads without waiting: what is not there yet will not be waited for.
func (o *Output) readNow(p []byte) (n int, err error) {
	raw, err := o.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := raw.Control(func(fd uintptr) {
		n, err = unix.Read(int(fd), p)
		for err == unix.EINTR {
			n, err = unix.Read(int(fd), p)
		}
	})
	switch {
	case cerr != nil:
		return 0, cerr
	case err == unix.EAGAIN, err == nil && n == 0:
		return 0, io.EOF
	case err != nil:
		return 0, err
	}
	return n, nil
}
