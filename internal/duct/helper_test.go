package duct

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen. It decides only how
// soon a broken test ends.
const patience = 20 * time.Second

// TestMain also fails the run when a goroutine or a descriptor is left over.
func TestMain(m *testing.M) {
	if helper := os.Getenv(helperVariable); helper != "" {
		os.Exit(runHelper(helper))
	}
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() != "" {
		os.Exit(m.Run()) // the fuzzing engine leaves goroutines of its own
	}
	warmUp()
	before := census()
	status := m.Run()
	if after := settledCensus(before); status == 0 && !after.within(before) {
		fmt.Fprintf(os.Stderr, "left over: %+v before, %+v after\n", before, after)
		buf := make([]byte, 1<<20)
		os.Stderr.Write(buf[:runtime.Stack(buf, true)])
		status = 1
	}
	os.Exit(status)
}

// warmUp makes the runtime open what it keeps: the poller's descriptors.
func warmUp() {
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
	}
}

type counts struct{ goroutines, descriptors int }

func census() counts {
	c := counts{goroutines: runtime.NumGoroutine()}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		c.descriptors = len(entries)
	}
	return c
}

func (c counts) within(limit counts) bool {
	return c.goroutines <= limit.goroutines && c.descriptors <= limit.descriptors
}

// settledCensus waits for goroutines that are on their way out.
func settledCensus(limit counts) counts {
	got := census()
	for deadline := time.Now().Add(5 * time.Second); !got.within(limit) && time.Now().Before(deadline); got = census() {
		time.Sleep(time.Millisecond)
	}
	return got
}

// checkLeaks fails the test if it leaves a goroutine or a descriptor behind.
func checkLeaks(t *testing.T) {
	t.Helper()
	before := census()
	t.Cleanup(func() {
		if after := settledCensus(before); !after.within(before) {
			t.Errorf("left over: %+v before, %+v after", before, after)
		}
	})
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// start runs f beside the test and returns what it comes to.
func start[T any](f func() T) <-chan T {
	c := make(chan T, 1)
	go func() { c <- f() }()
	return c
}

// result waits for what start has started.
func result[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not return", what)
		panic("unreachable")
	}
}

// stillWaiting fails if what start has started returned without need. It can
// only ever miss a fault, never find one that is not there.
func stillWaiting[T any](t *testing.T, what string, c <-chan T) {
	t.Helper()
	select {
	case v := <-c:
		t.Fatalf("%s returned too early: %v", what, v)
	case <-time.After(30 * time.Millisecond):
	}
}

// shortDir is a temporary directory with a path that leaves room for sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func parse(t testing.TB, s string) Address {
	t.Helper()
	a, err := ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func listen(t testing.TB, s string, o ListenOptions) *Listener {
	t.Helper()
	l, err := Listen(parse(t, s), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dialTo(t testing.TB, a Address) Conn {
	t.Helper()
	c, err := Dial(context.Background(), a, DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func acceptFrom(t testing.TB, l *Listener) Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := l.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func fileMode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func isUnavailable(err error) bool {
	var e *UnavailableError
	return errors.As(err, &e)
}

func isRefusal(err error) bool {
	var e *RefusedError
	return errors.As(err, &e)
}

func isAddressError(err error) bool {
	var e *AddressError
	return errors.As(err, &e)
}

func socketPath(t *testing.T) string { return filepath.Join(shortDir(t), "s") }
