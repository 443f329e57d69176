//go:build linux || darwin

package relay

import (
	"io"
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

// TestAwaitReadable returns for bytes and for the end, whatever kind of file
// stdin is.
func TestAwaitReadable(t *testing.T) {
	pipe, w := openPipe(t)
	blocking, bw := blockingPipe(t)
	for name, c := range map[string]struct {
		wait func() bool
		wake func()
	}{
		"bytes":          {func() bool { return readinessOf(pipe).await() }, func() { io.WriteString(w, "1") }},
		"blocking, end":  {func() bool { return readinessOf(blocking).await() }, func() { bw.Close() }},
		"file, at once":  {func() bool { return readinessOf(tempFile(t, "")).await() }, func() {}},
		"closed, no use": {func() bool { f := tempFile(t, ""); f.Close(); return !readinessOf(f).await() }, func() {}},
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
