//go:build unix

package duct

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// awaitReaderGone waits until nobody holds the reading end of the pipe w, and
// returns nil then. The system says so by POLLERR (poll(2)), which wakes those
// who wait to read from w as well: so nothing is in a writer's way.
func awaitReaderGone(w *os.File) error {
	raw, err := w.SyscallConn()
	if err != nil {
		return net.ErrClosed
	}
	gone := func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(fds, 0)
		return err == nil && n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
	}
	if err := raw.Read(gone); err != nil {
		return net.ErrClosed
	}
	return nil
}
