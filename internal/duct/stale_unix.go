//go:build linux || darwin

package duct

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// replaceStale binds where something lies already, if that is a socket whose
// listener is gone. Those who find it at the same time take turns, or the
// second would remove the socket of the first.
func replaceStale(a Address, mode fs.FileMode) (netListener, error) {
	unlock, err := lockDirectory(filepath.Dir(a.name))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := removeStale(a.name); err != nil {
		return nil, err
	}
	return bindFile(a.name, mode)
}

// removeStale removes a socket file that nobody listens on.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return bystanderError(info.Mode())
	}
	switch err := probe(path); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return unix.Unlink(path)
	case errors.Is(err, syscall.ENOENT):
		return nil
	}
	return syscall.EADDRINUSE
}

// probe connects a datagram socket, which a stream listener refuses with
// EPROTOTYPE without noticing: a stream connection would take up the place
// that the listener has for its one peer.
func probe(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	unix.CloseOnExec(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: path})
}

// A bystanderError is a file, not a socket, where one should be made.
type bystanderError fs.FileMode

func (e bystanderError) Error() string {
	switch fs.FileMode(e).Type() {
	case 0:
		return "a regular file is there"
	case fs.ModeDir:
		return "a directory is there"
	case fs.ModeSymlink:
		return "a symbolic link is there"
	case fs.ModeNamedPipe:
		return "a FIFO is there"
	}
	return "something that is not a socket is there"
}
