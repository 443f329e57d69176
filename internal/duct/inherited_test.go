//go:build linux || darwin

package duct

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func adoptNumber(t *testing.T, fd int) (Conn, error) {
	t.Helper()
	return Dial(context.Background(), parse(t, fmt.Sprintf("fd:%d", fd)), DialOptions{})
}

func socketPair(t *testing.T) (int, int) {
	t.Helper()
	a, b, err := Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	var fds [2]int
	for i, f := range []*os.File{a, b} {
		if fds[i], err = unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return fds[0], fds[1]
}

func isBlocking(t *testing.T, fd int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags&unix.O_NONBLOCK == 0
}

func dup(t *testing.T, fd int) int {
	t.Helper()
	other, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// What a shell script does: hand the same descriptor to one command after
// another, and read from it itself in between.
func TestSharingWithAScript(t *testing.T) {
	checkLeaks(t)
	script, peer := socketPair(t)
	defer unix.Close(script)
	defer unix.Close(peer)
	for i := range 100 {
		c, err := adoptNumber(t, dup(t, script))
		if err != nil {
			t.Fatal(err)
		}
		if !isBlocking(t, script) {
			t.Fatal("the script's descriptor does not block any more")
		}
		send(t, c, "?")
		buf := make([]byte, 10)
		if n, err := unix.Read(peer, buf); err != nil || string(buf[:n]) != "?" {
			t.Fatalf("peer read %q, %v", buf[:n], err)
		}
		read := start(func() byte {
			var b [1]byte
			io.ReadFull(c, b[:])
			return b[0]
		})
		unix.Write(peer, []byte{byte(i), 'S'})
		if got := result(t, "Read", read); got != byte(i) {
			t.Fatalf("reply %d is %d", i, got)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		// Not a byte too many was taken, and nothing was shut down.
		if n, err := unix.Read(script, buf); err != nil || string(buf[:n]) != "S" {
			t.Fatalf("script read %q, %v", buf[:n], err)
		}
	}
}

func TestInheritedIsCloseOnExec(t *testing.T) {
	fd, peer := socketPair(t)
	defer unix.Close(peer)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	c, err := adoptNumber(t, fd)
	if err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %x, %v", flags, err)
	}
	c.Close()
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("after Close: %v", err)
	}
}

// CloseRead is ours alone, while those who share the socket go on reading.
func TestInheritedCloseReadIsPrivate(t *testing.T) {
	checkLeaks(t)
	script, peer := socketPair(t)
	defer unix.Close(script)
	defer unix.Close(peer)
	c, err := adoptNumber(t, dup(t, script))
	if err != nil {
		t.Fatal(err)
	}
	c.CloseRead()
	if err := readErr(c)(); err != io.EOF {
		t.Errorf("Read: %v", err)
	}
	c.Close()
	unix.Write(peer, []byte("x"))
	if n, err := unix.Read(script, make([]byte, 9)); n != 1 || err != nil {
		t.Errorf("script read %d, %v", n, err)
	}
}

func TestBadDescriptors(t *testing.T) {
	checkLeaks(t)
	pipeR, pipeW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipeR.Close()
	defer pipeW.Close()
	listening := blockingDup(t, tcpListener(t))
	datagram, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	connected, peer := socketPair(t)
	for _, fd := range []int{listening, datagram, fresh, connected, peer} {
		defer unix.Close(fd)
	}
	for _, c := range []struct {
		fd                   int
		dialSays, listenSays string
	}{
		{9999, "is not open", "is not open"},
		{int(pipeR.Fd()), "is not a socket", "is not a socket"},
		{datagram, "not of a stream", "not of a stream"},
		{listening, "is a listening socket", ""},
		{fresh, "is not connected", "is not a listening socket"},
		{connected, "", "is not a listening socket"},
	} {
		a := parse(t, fmt.Sprintf("fd:%d", c.fd))
		if c.dialSays != "" {
			if _, err := Dial(t.Context(), a, DialOptions{}); !isAddressError(err) || !strings.Contains(err.Error(), c.dialSays) {
				t.Errorf("Dial: %v, want %q", err, c.dialSays)
			}
		}
		if c.listenSays != "" {
			if _, err := Listen(a, ListenOptions{}); !isAddressError(err) || !strings.Contains(err.Error(), c.listenSays) {
				t.Errorf("Listen: %v, want %q", err, c.listenSays)
			}
		}
	}
}

// A connection that broke was connected once, and is not the caller's mistake.
func TestInheritedThatWasReset(t *testing.T) {
	ln := tcpListener(t)
	fd := blockingSocket(t, ln.Addr())
	defer unix.Close(fd)
	far := acceptFar(t, ln)
	far.(*net.TCPConn).SetLinger(0)
	far.Close()
	eventually(t, "the reset is there", func() bool {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		return poll(fds, 0) == nil && fds[0].Revents != 0
	})
	if _, err := adoptNumber(t, fd); !isUnavailable(err) || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v", err)
	}
}

func TestInheritedListenerKeepsItsFlags(t *testing.T) {
	checkLeaks(t)
	ln := unixListener(t)
	fd := blockingDup(t, ln)
	l, err := Listen(parse(t, fmt.Sprintf("fd:%d", dup(t, fd))), ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	connectTo(t, ln.Addr())
	near := acceptFrom(t, l)
	if !isBlocking(t, fd) {
		t.Error("the caller's listener does not block any more")
	}
	if near.Address().String() != "unix:" {
		t.Errorf("peer at %s", near.Address())
	}
	l.Close()
	// The caller goes on listening.
	connectTo(t, ln.Addr())
	nfd, _, err := unix.Accept(fd)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(nfd)
}

// Another process takes the peer between our poll(2) and accept(2), which then
// waits although nobody is there.
func TestSharedListenerLosesTheRace(t *testing.T) {
	checkLeaks(t)
	ln := unixListener(t)
	l, err := Listen(parse(t, fmt.Sprintf("fd:%d", blockingDup(t, ln))), ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shared := l.source.(*sharedListener)
	if _, err := shared.begin(); err != nil { // as if poll(2) had promised a peer
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	accepting := start(acceptErr(ctx, l))
	stillWaiting(t, "Accept", accepting)
	cancel()
	if err := result(t, "Accept", accepting); err != context.Canceled {
		t.Errorf("Accept: %v", err)
	}
	// The next peer goes to the next Accept.
	far := connectTo(t, ln.Addr())
	near := acceptFrom(t, l)
	send(t, near, "x")
	if _, err := far.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	// Or is closed unread, when there will be none.
	if _, err := shared.begin(); err != nil {
		t.Fatal(err)
	}
	closing := start(l.Close)
	if err := result(t, "Close", closing); err != nil {
		t.Error(err)
	}
	if got := readAll(t, connectTo(t, ln.Addr())); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestPairIsForAChild(t *testing.T) {
	checkLeaks(t)
	near, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	defer theirs.Close()
	fd := int(theirs.Fd())
	if !isBlocking(t, fd) {
		t.Error("the child's end does not block")
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %x, %v", flags, err)
	}
}
