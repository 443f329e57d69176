//go:build linux || darwin

package duct

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// An inherited is a Conn over a descriptor that is shared with others.
type inherited struct {
	*descriptor
	local  bool   // a Unix socket
	ending *latch // fires with CloseRead
	ended  atomic.Bool
	moved  atomic.Int64
	fault  fault
}

// adoptConn takes over a connected stream socket.
func adoptConn(a Address) (Conn, error) {
	d, err := adopt(a)
	if err != nil {
		return nil, err
	}
	if err := checkConnected(a); err != nil {
		d.gone.close()
		return nil, err
	}
	ending, err := newLatch()
	if err != nil {
		d.gone.close()
		return nil, &UnavailableError{Doing: "take over " + a.String(), Err: cause(err)}
	}
	return &inherited{descriptor: d, local: isLocal(a.number), ending: ending}, nil
}

// isLocal says whether a socket is a Unix one.
func isLocal(fd int) bool {
	name, err := unix.Getsockname(fd)
	_, local := name.(*unix.SockaddrUnix)
	return err == nil && local
}

func checkConnected(a Address) error {
	listening, err := unix.GetsockoptInt(a.number, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err == nil && listening != 0 {
		return &AddressError{Word: a.String(), Reason: "is a listening socket, not a connected one"}
	}
	if _, err := unix.Getpeername(a.number); err == nil {
		return nil
	}
	// A connection that was reset has no peer either.
	if err := pendingError(a.number); err != nil {
		return &UnavailableError{Doing: "take over " + a.String(), Err: err}
	}
	return &AddressError{Word: a.String(), Reason: "is a socket that is not connected"}
}

// CloseWrite ends the sending direction for all who hold the socket.
func (c *inherited) CloseWrite() error {
	err := c.use(func() error { return unix.Shutdown(c.fd, unix.SHUT_WR) })
	return explain("end sending to", c.address, err)
}

// CloseRead ends receiving for this Conn alone.
func (c *inherited) CloseRead() error {
	return explain("end receiving from", c.address, c.use(func() error {
		c.ended.Store(true)
		c.ending.fire()
		return nil
	}))
}

// AwaitHangup takes a thread while it waits.
func (c *inherited) AwaitHangup() error {
	return explain("watch", c.address, c.use(func() error { return c.awaitHangup() }))
}

// Settle throws nothing away: what arrives may be meant for others.
func (c *inherited) Settle(ctx context.Context) error {
	if c.local {
		return nil
	}
	err := settle(ctx, func() (done bool, err error) {
		err = c.use(func() error {
			done, err = settled(c.fd, false)
			return err
		})
		return done, err
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	return explain("deliver the last bytes to", c.address, err)
}

// Close gives the descriptor back. Others go on using the socket.
func (c *inherited) Close() error {
	if err := c.close(); err != nil {
		return err
	}
	c.ending.close()
	return nil
}

func (c *inherited) Address() Address { return c.address }

func (c *inherited) Moved() int64 { return c.moved.Load() }

func (c *inherited) Peer() (peer Peer, err error) {
	if !c.local {
		return Peer{}, errors.ErrUnsupported
	}
	err = c.use(func() error {
		peer, err = peerOf(c.fd)
		return err
	})
	return peer, explain("ask who is at", c.address, err)
}

func (c *inherited) Err() error {
	return c.fault.ask(func() error {
		err := c.use(func() error { return pendingError(c.fd) })
		return explain("connection to", c.address, err)
	})
}
