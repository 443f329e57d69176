//go:build linux || darwin

package duct

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A far is the other end of a Conn under test, held by package net alone.
type far interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
}

// transports are the ways to come by a Conn and its far end.
var transports = map[string]func(t testing.TB) (Conn, far){
	"unix dialled":  func(t testing.TB) (Conn, far) { return dialled(t, unixListener(t)) },
	"unix accepted": func(t testing.TB) (Conn, far) { return dialledUs(t, "unix:"+tempSocket(t)) },
	"unix pair":     pairEnds,
	"unix fd":       func(t testing.TB) (Conn, far) { return adopted(t, unixListener(t)) },
	"tcp dialled":   func(t testing.TB) (Conn, far) { return dialled(t, tcpListener(t)) },
	"tcp accepted":  func(t testing.TB) (Conn, far) { return dialledUs(t, "tcp::0") },
	"tcp fd":        func(t testing.TB) (Conn, far) { return adopted(t, tcpListener(t)) },
	"tls dialled":   tlsDialled,
	"tls accepted":  tlsAccepted,
}

// eachTransport runs f over all of them, or those whose name ok likes.
func eachTransport(t *testing.T, ok func(name string) bool, f func(t *testing.T, near Conn, far far)) {
	t.Helper()
	for name, ends := range transports {
		if ok != nil && !ok(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			near, far := ends(t)
			f(t, near, far)
		})
	}
}

func tempSocket(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir + "/s"
}

func unixListener(t testing.TB) net.Listener { return netListen(t, "unix", tempSocket(t)) }

func tcpListener(t testing.TB) net.Listener { return netListen(t, "tcp4", "127.0.0.1:0") }

func netListen(t testing.TB, network, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func dialled(t testing.TB, ln net.Listener) (Conn, far) {
	t.Helper()
	near := dialTo(t, addressOf(ln.Addr()))
	return near, acceptFar(t, ln)
}

func acceptFar(t testing.TB, ln net.Listener) far {
	t.Helper()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(far)
}

func dialledUs(t testing.TB, address string) (Conn, far) {
	t.Helper()
	l := listen(t, address, ListenOptions{})
	a := l.Address()
	network, target := "tcp", a.HostPort()
	if a.IsUnix() {
		network, target = "unix", a.Path()
	}
	c, err := net.Dial(network, target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return acceptFrom(t, l), c.(far)
}

func pairEnds(t testing.TB) (Conn, far) {
	t.Helper()
	near, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	defer theirs.Close()
	c, err := net.FileConn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return near, c.(far)
}

// adopted connects a blocking socket, as a shell would hand it over.
func adopted(t testing.TB, ln net.Listener) (Conn, far) {
	t.Helper()
	fd := blockingSocket(t, ln.Addr())
	c, err := Dial(context.Background(), parse(t, fmt.Sprintf("fd:%d", fd)), DialOptions{})
	if err != nil {
		unix.Close(fd)
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, acceptFar(t, ln)
}

func blockingSocket(t testing.TB, addr net.Addr) int {
	t.Helper()
	family, to := unix.AF_UNIX, unix.Sockaddr(&unix.SockaddrUnix{Name: addr.String()})
	if tcp, ok := addr.(*net.TCPAddr); ok {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: tcp.Port, Addr: [4]byte(tcp.IP.To4())}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(fd)
	if err := unix.Connect(fd, to); err != nil {
		unix.Close(fd)
		t.Fatal(err)
	}
	return fd
}
