//go:build linux || darwin

package duct

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Pair returns the two ends of a new duct that has no name: one for us, the
// other, in blocking mode, for a child to inherit.
func Pair() (Conn, *os.File, error) {
	ours, theirs, err := Socketpair()
	if err != nil {
		return nil, nil, err
	}
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, &UnavailableError{Doing: "make a socket pair", Err: cause(err)}
	}
	c, err := newSocket(conn, Address{scheme: Unix})
	if err != nil {
		conn.Close()
		theirs.Close()
		return nil, nil, err
	}
	return c, theirs, nil
}

// Socketpair returns two connected stream sockets, in blocking mode and
// close-on-exec, for two children to inherit; see socketpair(2).
func Socketpair() (*os.File, *os.File, error) {
	// No child may be forked between the two calls, or it would keep both.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, &UnavailableError{Doing: "make a socket pair", Err: err}
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return os.NewFile(uintptr(fds[0]), "duct"), os.NewFile(uintptr(fds[1]), "duct"), nil
}
