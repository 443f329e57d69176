//go:build linux || darwin

package relay

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"ductworks/internal/duct"
)

// A transport is a way to come by a connected duct: our end, and the end of
// a peer that package net alone holds.
type transport struct {
	name string
	// hangsUp says that our end learns when the peer is gone altogether.
	hangsUp bool
	open    func(t testing.TB) (duct.Conn, *peer)
}

func transports() []transport {
	all := []transport{
		{"unix", true, openUnix},
		{"tcp", false, func(t testing.TB) (duct.Conn, *peer) { return openNet(t, "tcp4", "127.0.0.1:0") }},
		{"tls", false, openTLS},
		{"fd", true, openInherited},
	}
	if runtime.GOOS == "linux" {
		all = append(all, transport{"abstract", true, func(t testing.TB) (duct.Conn, *peer) { return openNet(t, "unix", "@relay-test-"+rand.Text()) }})
	}
	return all
}

// overEach runs f as a subtest over each transport.
func overEach(t *testing.T, f func(t *testing.T, tr transport)) {
	t.Helper()
	for _, tr := range transports() {
		t.Run(tr.name, func(t *testing.T) {
			checkLeaks(t)
			f(t, tr)
		})
	}
}

// overThree is overEach for what moves so much that one transport of a kind has
// to do.
func overThree(t *testing.T, f func(t *testing.T, tr transport)) {
	t.Helper()
	overEach(t, func(t *testing.T, tr transport) {
		if tr.name == "abstract" {
			t.Skip("it moves bytes as unix does")
		}
		f(t, tr)
	})
}

func openUnix(t testing.TB) (duct.Conn, *peer) {
	t.Helper()
	dir, err := os.MkdirTemp("", "r") // short, as a socket's path has to be
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	return openNet(t, "unix", filepath.Join(dir, "s"))
}

func openNet(t testing.TB, network, address string) (duct.Conn, *peer) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	scheme := "unix:"
	if network != "unix" {
		scheme = "tcp:"
	}
	near := dial(t, scheme+ln.Addr().String())
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return near, newPeer(t, far)
}

// openInherited adopts one end of a socket pair, as a child does.
func openInherited(t testing.TB) (duct.Conn, *peer) {
	t.Helper()
	ours, theirs, err := duct.Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	far, err := net.FileConn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	return dial(t, fmt.Sprintf("fd:%d", dup(t, ours))), newPeer(t, far)
}

// dup gives a descriptor of f that is nobody's yet.
func dup(t testing.TB, f *os.File) int {
	t.Helper()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(fd)
	return fd
}

func dial(t testing.TB, address string) duct.Conn {
	t.Helper()
	a, err := duct.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := duct.Dial(context.Background(), a, duct.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// blockingPipe is a pipe as a shell makes it. Its end of the writer is closed
// first, since whoever waits for the other cannot be woken.
func blockingPipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	nonblocking, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r = os.NewFile(uintptr(dup(t, nonblocking)), "stdin") // which Fd has made blocking
	nonblocking.Close()
	t.Cleanup(func() {
		w.Close()
		r.Close()
	})
	return r, w
}
