//go:build !linux && !darwin

package duct

import (
	"errors"
	"syscall"
)

const (
	maxSocketPath   = 107
	abstractSockets = false
)

// Winsock has its own numbers, which syscall does not map to the POSIX ones.
const (
	wsaTooManyFiles      = syscall.Errno(10024)
	wsaNoBuffers         = syscall.Errno(10055)
	wsaConnectionRefused = syscall.Errno(10061)
)

func isRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaConnectionRefused)
}

func isPassing(err error) bool {
	return errors.Is(err, wsaTooManyFiles) || errors.Is(err, wsaNoBuffers)
}
