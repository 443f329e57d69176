//go:build !linux

package duct

import (
	"errors"
	"os"
	"syscall"
)

// WatchReads fails: it needs epoll(7).
func WatchReads(syscall.RawConn) (*os.File, error) { return nil, errors.ErrUnsupported }
