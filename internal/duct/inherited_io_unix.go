//go:build linux || darwin

package duct

import (
	"io"

	"golang.org/x/sys/unix"
)

func (c *inherited) Read(p []byte) (n int, err error) {
	err = c.use(func() error {
		n, err = c.receive(p)
		return err
	})
	c.moved.Add(int64(n))
	return n, c.fault.instead(explain("read from", c.address, err))
}

func (c *inherited) receive(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil // recv(2) would wait for a byte all the same
	}
	for {
		n, err := receive(c.fd, p)
		switch {
		case err == nil && n == 0:
			return 0, io.EOF
		case err != unix.EAGAIN:
			return n, err
		case c.ended.Load():
			return 0, io.EOF
		}
		if err := c.wait(unix.POLLIN, c.ending); err != nil && err != errWoken {
			return 0, err
		}
	}
}

func (c *inherited) Write(p []byte) (n int, err error) {
	err = c.use(func() error {
		n, err = c.send(p)
		return err
	})
	return n, explain("write to", c.address, err)
}

func (c *inherited) send(p []byte) (total int, err error) {
	for total < len(p) {
		n, err := unix.SendmsgN(c.fd, p[total:], nil, nil, unix.MSG_DONTWAIT|noSignal)
		switch err {
		case nil:
			total += n
			c.moved.Add(int64(n))
		case unix.EINTR:
		case unix.EAGAIN:
			if err := c.wait(unix.POLLOUT); err != nil {
				return total, err
			}
		default:
			return total, err
		}
	}
	return total, nil
}
