package child

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openReader opens the reading end of a pipe of which we hold the writing end.
func openReader(w *os.File) (r *os.File, err error) {
	raw, err := w.SyscallConn()
	if err != nil {
		return nil, err
	}
	cerr := raw.Control(func(fd uintptr) {
		r, err = os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", fd), os.O_RDONLY|unix.O_NONBLOCK, 0)
	})
	if cerr != nil {
		return nil, cerr
	}
	return r, err
}

// unread says how many bytes lie in the pipe r.
func unread(r *os.File) (n int64) {
	raw, err := r.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if bytes, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ); err == nil {
			n = int64(bytes)
		}
	})
	return n
}
