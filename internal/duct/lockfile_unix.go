//go:build linux || darwin

package duct

import "golang.org/x/sys/unix"

// A LockFile is a file whose flock(2) says who may write to a socket that many
// share. Nothing is written to the file.
//
// Its methods are for one goroutine. The system takes the lock from a process
// that ends, however it ends.
type LockFile struct {
	path string
	fd   int
}

// OpenLockFile opens the file, which it makes with mode 0600 if there is none.
// Nothing is locked yet.
func OpenLockFile(path string) (*LockFile, error) {
	fd, err := openLock(path)
	if err != nil {
		return nil, &LockError{Doing: "open", Path: path, Err: err}
	}
	return &LockFile{path, fd}, nil
}

// openLock opens the file for writing, which some network file systems ask of
// who is to lock it, or else for reading.
func openLock(path string) (int, error) {
	const flags = unix.O_CREAT | unix.O_CLOEXEC | unix.O_NOCTTY
	fd, err := openAgain(path, flags|unix.O_RDWR)
	if err == unix.EACCES || err == unix.EROFS {
		fd, err = openAgain(path, flags|unix.O_RDONLY)
	}
	return fd, err
}

func openAgain(path string, flags int) (fd int, err error) {
	for {
		fd, err = unix.Open(path, flags, 0o600)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// Lock waits until no other process has the lock. Nothing wakes it before: who
// gives up meanwhile leaves the goroutine behind.
func (l *LockFile) Lock() error { return l.flock("lock", unix.LOCK_EX) }

// Unlock lets the next process have the lock.
func (l *LockFile) Unlock() error { return l.flock("unlock", unix.LOCK_UN) }

func (l *LockFile) flock(doing string, how int) error {
	for {
		err := unix.Flock(l.fd, how)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return &LockError{Doing: doing, Path: l.path, Err: err}
		}
	}
}
