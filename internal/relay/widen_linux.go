package relay

import (
	"os"

	"golang.org/x/sys/unix"
)

// widePipe is four times a pipe's usual size, in bytes. More would help little and
// be taken from the 64 MiB that a user's pipes may have in all; see pipe(7).
const widePipe = 256 << 10

// widen makes room in a pipe for several of our reads or writes, so that we and
// the program at its other end need not wait for each other at each of them.
// Where f is no pipe, or its user has no more room to give, it stays as it is.
func widen(f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		if size, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil && size < widePipe {
			unix.FcntlInt(fd, unix.F_SETPIPE_SZ, widePipe)
		}
	})
}
