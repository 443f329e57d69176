package duct

import (
	"io"
	"net"
	"testing"
)

// TestUnsentWhileBothEnd looks, over and over, at what is unsent while the
// connection comes to an orderly end: at no moment has it been reset.
func TestUnsentWhileBothEnd(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for range 1000 {
		near, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		far, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		looked := start(func() error { return lookUntilClosed(near.(*net.TCPConn)) })
		near.Write([]byte("x"))
		near.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, far)
		far.Close()
		if err := result(t, "unsent", looked); err != nil {
			t.Fatal(err)
		}
		near.Close()
	}
}

func lookUntilClosed(c *net.TCPConn) (err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	raw.Control(func(fd uintptr) {
		for err == nil && !isClosed(int(fd)) {
			_, err = unsent(int(fd))
		}
	})
	return err
}
