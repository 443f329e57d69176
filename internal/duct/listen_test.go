//go:build linux || darwin

package duct

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listeners are the ways to come by a Listener; dial connects to it.
var listeners = map[string]func(t *testing.T, o ListenOptions) (l *Listener, at net.Addr){
	"unix": func(t *testing.T, o ListenOptions) (*Listener, net.Addr) {
		l := listen(t, tempSocket(t), o)
		return l, &net.UnixAddr{Net: "unix", Name: l.Address().Path()}
	},
	"tcp": func(t *testing.T, o ListenOptions) (*Listener, net.Addr) {
		l := listen(t, "tcp::0", o)
		return l, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Address().Port()}
	},
	"unix fd": func(t *testing.T, o ListenOptions) (*Listener, net.Addr) {
		return sharedListenerOf(t, unixListener(t), o)
	},
	"tcp fd": func(t *testing.T, o ListenOptions) (*Listener, net.Addr) {
		return sharedListenerOf(t, tcpListener(t), o)
	},
}

// sharedListenerOf hands a listening description over in blocking mode.
func sharedListenerOf(t *testing.T, ln net.Listener, o ListenOptions) (*Listener, net.Addr) {
	t.Helper()
	return listen(t, fmt.Sprintf("fd:%d", blockingDup(t, ln)), o), ln.Addr()
}

func blockingDup(t *testing.T, ln any) int {
	t.Helper()
	f, err := ln.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return fd
}

func eachListener(t *testing.T, f func(t *testing.T, listen func(ListenOptions) (*Listener, net.Addr))) {
	t.Helper()
	for name, make := range listeners {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			f(t, func(o ListenOptions) (*Listener, net.Addr) { return make(t, o) })
		})
	}
}

func connectTo(t *testing.T, at net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(at.Network(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func acceptErr(ctx context.Context, l *Listener) func() error {
	return func() error {
		c, err := l.Accept(ctx)
		if err == nil {
			c.Close()
		}
		return err
	}
}

func TestAcceptMany(t *testing.T) {
	eachListener(t, func(t *testing.T, listen func(ListenOptions) (*Listener, net.Addr)) {
		l, at := listen(ListenOptions{})
		for range 50 {
			far := connectTo(t, at)
			near := acceptFrom(t, l)
			send(t, far, "hello")
			far.(interface{ CloseWrite() error }).CloseWrite()
			if got := readAll(t, near); got != "hello" {
				t.Fatalf("got %q", got)
			}
		}
	})
}

func TestAcceptEndsWithItsContext(t *testing.T) {
	eachListener(t, func(t *testing.T, listen func(ListenOptions) (*Listener, net.Addr)) {
		l, at := listen(ListenOptions{})
		for range 3 {
			reason := errors.New("reason")
			ctx, cancel := context.WithCancelCause(context.Background())
			accepting := start(acceptErr(ctx, l))
			stillWaiting(t, "Accept", accepting)
			cancel(reason)
			if err := result(t, "Accept", accepting); err != reason {
				t.Errorf("%v", err)
			}
		}
		connectTo(t, at)
		acceptFrom(t, l)
	})
}

func TestCloseWakesAccept(t *testing.T) {
	eachListener(t, func(t *testing.T, listen func(ListenOptions) (*Listener, net.Addr)) {
		l, _ := listen(ListenOptions{})
		accepting := start(acceptErr(context.Background(), l))
		stillWaiting(t, "Accept", accepting)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := result(t, "Accept", accepting); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
		if err := acceptErr(context.Background(), l)(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("Close again: %v", err)
		}
	})
}

func TestRefusedPeersCostNoPlace(t *testing.T) {
	eachListener(t, func(t *testing.T, listen func(ListenOptions) (*Listener, net.Addr)) {
		left := 3
		var told []error
		l, at := listen(ListenOptions{
			Admit: func(p Peer) error {
				if p.UID != os.Geteuid() || left == 0 {
					return nil
				}
				left--
				return errors.New("not you")
			},
			Refused: func(err error) { told = append(told, err) },
		})
		if at.Network() != "unix" {
			left = 0 // nobody is asked about
		}
		var refused []net.Conn
		for range left {
			refused = append(refused, connectTo(t, at))
		}
		welcome := connectTo(t, at)
		near := acceptFrom(t, l)
		send(t, near, "x")
		if _, err := welcome.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		if left != 0 || len(told) != len(refused) {
			t.Errorf("%d not asked about, told of %v", left, told)
		}
		for i, c := range refused {
			if got := readAll(t, c); got != "" || !isRefusal(told[i]) || !strings.Contains(told[i].Error(), "not you") {
				t.Errorf("a refused peer got %q, and we %v", got, told[i])
			}
		}
	})
}

func TestDefaultAdmission(t *testing.T) {
	stranger := Peer{UID: os.Geteuid() + 4711}
	if ownerOrRoot(stranger) == nil || ownerOrRoot(Peer{UID: os.Geteuid()}) != nil || ownerOrRoot(Peer{}) != nil {
		t.Error("ownerOrRoot is wrong")
	}
	for mode, open := range map[os.FileMode]bool{0: false, 0o600: false, 0o700: false, 0o660: true, 0o606: true, 0o602: true} {
		if got := (ListenOptions{Mode: mode}).withDefaults().Admit(stranger) == nil; got != open {
			t.Errorf("mode %v lets strangers in: %v", mode, got)
		}
	}
}

// Out of descriptors it waits, without burning a core, and recovers.
func TestAcceptOutOfDescriptors(t *testing.T) {
	eachListener(t, func(t *testing.T, listen func(ListenOptions) (*Listener, net.Addr)) {
		told := make(chan error, 100)
		l, at := listen(ListenOptions{Refused: func(err error) { told <- err }})
		connectTo(t, at)
		release := exhaustDescriptors(t)
		accepting := start(acceptErr(context.Background(), l))
		err := result(t, "Refused", told)
		if !isUnavailable(err) || !errors.Is(err, syscall.EMFILE) {
			t.Errorf("told %v", err)
		}
		before := cpuTime()
		time.Sleep(300 * time.Millisecond)
		if used := cpuTime() - before; used > 60*time.Millisecond {
			t.Errorf("waiting took %v of processor time", used)
		}
		release()
		if err := result(t, "Accept", accepting); err != nil {
			t.Error(err)
		}
		if len(told) != 0 {
			t.Errorf("told more than once a shortage: %v", <-told)
		}
	})
}

// exhaustDescriptors leaves no descriptor free until release is called.
func exhaustDescriptors(t *testing.T) (release func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = 64
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	var held []int
	for {
		fd, err := unix.Dup(2)
		if err != nil {
			break
		}
		unix.CloseOnExec(fd)
		held = append(held, fd)
	}
	released := false
	release = func() {
		if released {
			return
		}
		released = true
		for _, fd := range held {
			unix.Close(fd)
		}
		unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
	}
	t.Cleanup(release)
	return release
}

func cpuTime() time.Duration {
	var usage unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestAcceptOutOfDescriptorsEnds(t *testing.T) {
	l := listen(t, "tcp::0", ListenOptions{})
	dialTo(t, l.Address())
	exhaustDescriptors(t)
	ctx, cancel := context.WithCancel(context.Background())
	accepting := start(acceptErr(ctx, l))
	stillWaiting(t, "Accept", accepting)
	cancel()
	if err := result(t, "Accept", accepting); err != context.Canceled {
		t.Errorf("%v", err)
	}
	accepting = start(acceptErr(context.Background(), l))
	stillWaiting(t, "Accept", accepting)
	l.Close()
	if err := result(t, "Accept", accepting); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestListenTCP(t *testing.T) {
	checkLeaks(t)
	l := listen(t, ":0", ListenOptions{})
	if a := l.Address(); a.Host() != "127.0.0.1" || a.Port() == 0 || parse(t, a.String()) != a {
		t.Errorf("listening on %s", a)
	}
	_, err := Listen(l.Address(), ListenOptions{})
	if !isUnavailable(err) || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("port in use: %v", err)
	}
	if l := listen(t, "0.0.0.0:0", ListenOptions{}); l.Address().Host() != "0.0.0.0" {
		t.Errorf("listening on %s", l.Address())
	}
	if _, err := Listen(parse(t, "192.0.2.1:0"), ListenOptions{}); !isUnavailable(err) || !strings.Contains(err.Error(), "no address of this machine") {
		t.Errorf("address of others: %v", err)
	}
	if _, err := Listen(parse(t, "tls::0"), ListenOptions{}); !isAddressError(err) || !strings.Contains(err.Error(), "--tls-cert") {
		t.Errorf("tls without a certificate: %v", err)
	}
	if _, err := Listen(Address{}, ListenOptions{}); !isAddressError(err) {
		t.Errorf("no address: %v", err)
	}
}

// The side that closes first leaves the port in TIME_WAIT.
func TestListenOnPortInTimeWait(t *testing.T) {
	l := listen(t, "tcp::0", ListenOptions{})
	far := dialTo(t, l.Address())
	near := acceptFrom(t, l)
	near.CloseWrite()
	if got := readAll(t, far); got != "" {
		t.Fatal(got)
	}
	far.CloseWrite()
	readAll(t, near)
	near.Close()
	l.Close()
	again := listen(t, l.Address().String(), ListenOptions{})
	dialTo(t, again.Address())
	acceptFrom(t, again)
}

func TestAbstractSocket(t *testing.T) {
	if !abstractSockets {
		t.Skip("Linux alone has them")
	}
	checkLeaks(t)
	name := fmt.Sprintf("@duct-test-%d", os.Getpid())
	l := listen(t, name, ListenOptions{})
	if exists(name) {
		t.Error("there is a file")
	}
	_, err := Listen(l.Address(), ListenOptions{})
	if !isUnavailable(err) || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("name in use: %v", err)
	}
	if c := dialTo(t, l.Address()); c.Address() != l.Address() {
		t.Errorf("connected to %s", c.Address())
	}
	acceptFrom(t, l)
	l.Close()
	if _, err := Dial(t.Context(), l.Address(), DialOptions{}); !isUnavailable(err) {
		t.Errorf("after Close: %v", err)
	}
}

// A peer that has a name is shown with it.
func TestAddressOfNamedPeer(t *testing.T) {
	l := listen(t, socketPath(t), ListenOptions{})
	own := socketPath(t)
	c, err := net.DialUnix("unix", &net.UnixAddr{Name: own}, &net.UnixAddr{Name: l.Address().Path()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := acceptFrom(t, l).Address().Path(); got != own {
		t.Errorf("the peer is at %q", got)
	}
}

// A faltering source fails before each of its connections.
type faltering struct {
	source
	failures []error
}

func (f *faltering) accept(ctx context.Context) (Conn, error) {
	if len(f.failures) == 0 {
		return f.source.accept(ctx)
	}
	err := f.failures[0]
	f.failures = f.failures[1:]
	return nil, os.NewSyscallError("accept4", err)
}

// What goes wrong with one connection is no end of the service.
func TestAcceptGoesOnAfterFailures(t *testing.T) {
	l := listen(t, "tcp::0", ListenOptions{})
	dialTo(t, l.Address())
	l.source = &faltering{l.source, []error{syscall.ECONNABORTED, syscall.EPROTO, syscall.ENFILE, syscall.ENOMEM, syscall.EHOSTUNREACH}}
	acceptFrom(t, l)
	l.source = &faltering{l.source, []error{syscall.EINVAL}}
	if err := acceptErr(t.Context(), l)(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%v", err)
	}
}

// An orderly source notes what is left when it is closed.
type orderly struct {
	source
	path  string
	found bool
}

func (o *orderly) close() error {
	o.found = exists(o.path)
	return o.source.close()
}

// Once the socket is closed its inode number is free for that of another
// program, which comparing would then take for ours.
func TestSocketIsRemovedBeforeItIsClosed(t *testing.T) {
	l := listen(t, socketPath(t), ListenOptions{})
	o := &orderly{source: l.source, path: l.Address().Path(), found: true}
	l.source = o
	if err := l.Close(); err != nil || o.found {
		t.Errorf("still there: %v, %v", o.found, err)
	}
}
