//go:build linux || darwin

package duct

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxSocketPath is the longest path that a socket can have, in bytes: the
// system wants a NUL after it.
const maxSocketPath = len(unix.RawSockaddrUnix{}.Path) - 1

// isRefused reports that nobody listens at an address.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// isPassing reports a failure of accept(2) after which the next call may
// succeed: the system has no room for another descriptor or buffer, or it is
// the connection that failed and not the listener. See accept(2).
func isPassing(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.EPROTO, syscall.ENOPROTOOPT, syscall.EPERM,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// poll is poll(2), gone on with after a signal. The timeout is 0 or -1.
func poll(fds []unix.PollFd, timeout int) error {
	for {
		_, err := unix.Poll(fds, timeout)
		if err != unix.EINTR {
			return err
		}
	}
}
