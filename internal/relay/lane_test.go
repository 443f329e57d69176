//go:build linux || darwin

package relay

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestStopIfIdle: a lane is idle where it waits for a stdin that holds nothing,
// and where nothing can have been taken from it without being passed on.
func TestStopIfIdle(t *testing.T) {
	for _, c := range []struct {
		state state
		stdin string
		idle  bool
	}{
		{busy, "", false},
		{busy, "1\n", false},
		{taking, "", false}, // it may have been read a moment ago
		{taking, "1\n", false},
		{parked, "1\n", false},
		{parked, "", true},
	} {
		stdin, w := openPipe(t)
		io.WriteString(w, c.stdin)
		l := &lane{ready: readinessOf(stdin), state: c.state}
		if got := l.stopIfIdle(); got != c.idle || l.stopped != c.idle {
			t.Errorf("in state %d with %q in stdin: idle %v, stopped %v, want %v", c.state, c.stdin, got, l.stopped, c.idle)
		}
	}
}

// TestEndOfStdinIsReadable: a lane that has it yet to read is not idle.
func TestEndOfStdinIsReadable(t *testing.T) {
	stdin, w := openPipe(t)
	l := &lane{ready: readinessOf(stdin), state: parked}
	w.Close()
	if l.stopIfIdle() {
		t.Error("idle before the end of stdin was read")
	}
}

func awaits(f *os.File) bool {
	ready := readinessOf(f)
	defer ready.release()
	return ready.await()
}

// TestAwaitReadable returns for bytes and for the end, whatever kind of file
// stdin is.
func TestAwaitReadable(t *testing.T) {
	pipe, w := openPipe(t)
	blocking, bw := blockingPipe(t)
	for name, c := range map[string]struct {
		wait func() bool
		wake func()
	}{
		"bytes":          {func() bool { return awaits(pipe) }, func() { io.WriteString(w, "1") }},
		"blocking, end":  {func() bool { return awaits(blocking) }, func() { bw.Close() }},
		"file, at once":  {func() bool { return awaits(tempFile(t, "")) }, func() {}},
		"closed, no use": {func() bool { f := tempFile(t, ""); f.Close(); return !awaits(f) }, func() {}},
	} {
		t.Run(name, func(t *testing.T) {
			var ok bool
			done := beside(t, func() { ok = c.wait() })
			c.wake()
			within(t, "it is readable", done)
			if !ok {
				t.Error("says the wrong thing")
			}
		})
	}
}

// TestAwaitBlocking waits again and again for a stdin that has to stay in
// blocking mode, and gives back what that took.
func TestAwaitBlocking(t *testing.T) {
	checkLeaks(t)
	stdin, w := blockingPipe(t)
	ready := readinessOf(stdin)
	for range 3 {
		awaited := make(chan bool)
		go func() { awaited <- ready.await() }()
		eventually(t, "it waits", func() bool { return strings.Contains(string(stacks()), "(*polledFile).await") })
		io.WriteString(w, "1")
		if !<-awaited || !ready.now() {
			t.Fatal("says the wrong thing")
		}
		if n, err := stdin.Read(make([]byte, 9)); n != 1 || err != nil {
			t.Fatalf("read %d bytes, %v", n, err)
		}
	}
	if ready.now() {
		t.Error("says that there are bytes, which have been read")
	}
	awaited := make(chan bool)
	go func() { awaited <- ready.await() }()
	eventually(t, "it waits", func() bool { return strings.Contains(string(stacks()), "(*polledFile).await") })
	ready.release()
	if runtime.GOOS != "linux" {
		w.Close() // nothing else ends it there
	}
	if said := <-awaited; said != (runtime.GOOS != "linux") {
		t.Errorf("released while it waited, it says %v", said)
	}
	if watch := ready.(*polledFile).watch; watch != nil && !errors.Is(watch.Close(), os.ErrClosed) {
		t.Error("leaves a descriptor behind")
	}
}
