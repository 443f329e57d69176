//go:build linux || darwin

package duct

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// listenFile binds a socket file, in place of a stale one if need be.
func listenFile(a Address, o ListenOptions) (*Listener, error) {
	ln, err := bindFile(a.name, o.Mode)
	if errors.Is(err, syscall.EADDRINUSE) {
		ln, err = replaceStale(a, o.Mode)
	}
	if err != nil {
		return nil, explainFile(a, err)
	}
	made, err := os.Lstat(a.name)
	if err != nil {
		ln.Close()
		return nil, explainFile(a, err)
	}
	return newListener(a, o, acceptor{ln}, func() error { return removeMade(a.name, made) }), nil
}

// umask serialises those who change it: it belongs to the whole process.
var umask sync.Mutex

// bindFile gives the file its mode in the moment it comes into being. bind(2)
// makes it with the mode of the socket's own inode less the umask: both are
// set, since the umask counts for nothing in a directory with a default ACL,
// and the inode's mode cannot be set on every system.
func bindFile(path string, mode fs.FileMode) (netListener, error) {
	umask.Lock()
	defer umask.Unlock()
	old := unix.Umask(int(^mode.Perm() & fs.ModePerm))
	defer unix.Umask(old)
	ln, err := bind("unix", path, func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { presetMode(int(fd), mode) })
	})
	if err != nil {
		return nil, err
	}
	// Its own removal asks only for the path, not for what lies there now.
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	return ln, nil
}

// removeMade removes the socket that we made, and nothing that took its place.
func removeMade(path string, made fs.FileInfo) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !os.SameFile(info, made) {
		return err
	}
	if err := unix.Unlink(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return nil
}

// explainFile puts the failure to make a socket file into words.
func explainFile(a Address, err error) error {
	e := &UnavailableError{Doing: "listen on " + a.String(), Err: cause(err)}
	var bystander bystanderError
	var locked *lockError
	directory := filepath.Dir(a.name)
	switch {
	case errors.As(err, &bystander):
		e.Hint = "it was left as it is: choose another path, or remove it"
	case errors.As(err, &locked):
		e.Err = locked
	case errors.Is(err, syscall.EADDRINUSE):
		e.Hint = "another program is listening there"
	case errors.Is(err, fs.ErrNotExist):
		e.Err = fmt.Errorf("directory %s does not exist", directory)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Err = fmt.Errorf("directory %s: %w", directory, cause(err))
		e.Hint = "it must be writable"
	}
	return e
}
