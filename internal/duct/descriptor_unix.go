//go:build linux || darwin

package duct

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// A descriptor was inherited, and its open file description is shared with
// whoever handed it over: their own reads fail once O_NONBLOCK is set on it,
// so it never is. Instead each call says MSG_DONTWAIT, and waiting is poll(2).
type descriptor struct {
	fd      int
	address Address
	gone    *latch // fires with close

	mu     sync.Mutex
	closed bool
	users  sync.WaitGroup // calls under way, which need fd to stay what it is
}

// adopt takes over the descriptor of an address, which must be a stream socket.
func adopt(a Address) (*descriptor, error) {
	if err := checkStream(a); err != nil {
		return nil, err
	}
	gone, err := newLatch()
	if err != nil {
		return nil, &UnavailableError{Doing: "take over " + a.String(), Err: cause(err)}
	}
	// Our children get their own end, or none.
	unix.CloseOnExec(a.number)
	return &descriptor{fd: a.number, address: a, gone: gone}, nil
}

func checkStream(a Address) error {
	kind, err := unix.GetsockoptInt(a.number, unix.SOL_SOCKET, unix.SO_TYPE)
	switch {
	case errors.Is(err, unix.EBADF):
		return &AddressError{Word: a.String(), Reason: "is not open", Hint: "was it inherited?"}
	case errors.Is(err, unix.ENOTSOCK):
		return &AddressError{Word: a.String(), Reason: "is not a socket"}
	case err != nil:
		return &AddressError{Word: a.String(), Reason: "cannot be used", Err: err}
	case kind != unix.SOCK_STREAM:
		return &AddressError{Word: a.String(), Reason: "is a socket, but not of a stream"}
	}
	return nil
}

// use runs f while the descriptor cannot be closed. f must not wait, other
// than for events beside which it also waits for gone.
func (d *descriptor) use(f func() error) error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return net.ErrClosed
	}
	d.users.Add(1)
	d.mu.Unlock()
	defer d.users.Done()
	return f()
}

// wait returns nil when one of the events, an error or a hang-up shows on the
// descriptor, and errWoken when one of the latches has fired before. It is
// called within use.
func (d *descriptor) wait(events int16, latches ...*latch) error {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: events}, {Fd: int32(d.gone.fd)}}
	for _, l := range latches {
		fds = append(fds, unix.PollFd{Fd: int32(l.fd)})
	}
	if err := poll(fds, -1); err != nil {
		return err
	}
	switch {
	case fds[1].Revents != 0:
		return net.ErrClosed
	case fds[0].Revents != 0:
		return nil
	}
	return errWoken
}

var errWoken = errors.New("woken")

// lastStandard is the highest of the descriptors that stay open: the file
// opened after closing one of them would pass for stdin, stdout or stderr.
const lastStandard = 2

// close gives the descriptor back. Nothing is shut down: others hold it too.
func (d *descriptor) close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return fmt.Errorf("close %s: %w", d.address, net.ErrClosed)
	}
	d.closed = true
	d.mu.Unlock()
	d.gone.fire()
	d.users.Wait()
	d.gone.close()
	if d.fd <= lastStandard {
		return nil
	}
	return unix.Close(d.fd)
}
