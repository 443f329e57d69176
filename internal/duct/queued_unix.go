//go:build unix

package duct

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// hasQueued says whether accept would not wait.
func (a acceptor) hasQueued() (queued bool) {
	raw, err := a.ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 0)
		queued = err == nil && n > 0
	})
	return queued
}
