//go:build unix

package relay

import (
	"os"

	"golang.org/x/sys/unix"
)

// readable says whether a read of f would not wait: whether there are bytes,
// or the end.
func readable(f *os.File) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	var ready bool
	raw.Control(func(fd uintptr) { ready, _ = pollRead(fd, 0) })
	return ready
}

// awaitReadable waits until f is readable. It says whether that can be waited
// for: some systems have no poll(2) for terminals.
func awaitReadable(f *os.File) (ok bool) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Read(func(fd uintptr) (ready bool) {
		ready, ok = pollRead(fd, 0)
		return ready || !ok
	})
	if err == nil {
		return ok
	}
	// What Go's own poller does not watch takes a thread, as a read of it would.
	err = raw.Control(func(fd uintptr) { _, ok = pollRead(fd, -1) })
	return err == nil && ok
}

// pollRead is poll(2) for a read of fd, with a timeout of 0 or -1. It says
// whether the read would not wait, and whether that is known.
func pollRead(fd uintptr, timeout int) (ready, ok bool) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	_, err := unix.Poll(fds, timeout)
	for err == unix.EINTR {
		_, err = unix.Poll(fds, timeout)
	}
	if err != nil || fds[0].Revents&unix.POLLNVAL != 0 {
		return false, false
	}
	return fds[0].Revents != 0, true
}
