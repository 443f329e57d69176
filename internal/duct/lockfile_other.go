//go:build !linux && !darwin

package duct

import "errors"

// A LockFile is for sockets that are inherited, which this system has not.
type LockFile struct{}

// OpenLockFile says that there is no such thing here.
func OpenLockFile(path string) (*LockFile, error) {
	return nil, &LockError{Doing: "open", Path: path, Err: errors.ErrUnsupported}
}

func (*LockFile) Lock() error   { return errors.ErrUnsupported }
func (*LockFile) Unlock() error { return errors.ErrUnsupported }
