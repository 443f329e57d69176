//go:build linux || darwin

package duct

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	lockPause    = 2 * time.Millisecond
	lockPatience = 5 * time.Second
)

// A lockError says why a directory could not be locked.
type lockError struct {
	directory string
	err       error
}

func (e *lockError) Error() string {
	if e.err == unix.EWOULDBLOCK {
		return fmt.Sprintf("directory %s stays locked by another program", e.directory)
	}
	return fmt.Sprintf("lock directory %s: %s", e.directory, e.err)
}

func (e *lockError) Unwrap() error { return e.err }

// lockDirectory holds flock(2) on a directory until unlock is called. Anybody
// who can read the directory can hold that lock for ever, so it is not waited
// for beyond a few seconds.
func lockDirectory(directory string) (unlock func(), err error) {
	fd, err := unix.Open(directory, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &lockError{directory, err}
	}
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return func() { unix.Close(fd) }, nil
		case err == unix.EINTR:
		case err != unix.EWOULDBLOCK || time.Now().After(deadline):
			unix.Close(fd)
			return nil, &lockError{directory, err}
		}
	}
}
