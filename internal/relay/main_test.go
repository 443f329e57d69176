//go:build linux || darwin

package relay

import (
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen. It decides only how
// soon a broken test ends.
const patience = time.Minute

// TestMain also fails the run when a goroutine or a descriptor is left over.
func TestMain(m *testing.M) {
	flag.Parse()
	warmUp()
	before := census()
	status := m.Run()
	if after := settledCensus(before); status == 0 && after.exceed(before) {
		fmt.Fprintf(os.Stderr, "left over: %+v before, %+v after\n", before, after)
		os.Stderr.Write(stacks())
		status = 1
	}
	os.Exit(status)
}

// warmUp makes the runtime open what it keeps: the poller's descriptors, and
// whatever starting a process takes.
func warmUp() {
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
	}
	if p, err := os.StartProcess("/bin/sh", []string{"sh", "-c", ":"}, &os.ProcAttr{}); err == nil {
		p.Wait()
	}
}

func stacks() []byte {
	buf := make([]byte, 1<<20)
	return buf[:runtime.Stack(buf, true)]
}

type counts struct{ goroutines, descriptors int }

func (c counts) exceed(limit counts) bool {
	return c.goroutines > limit.goroutines || c.descriptors > limit.descriptors
}

func census() counts {
	c := counts{goroutines: runtime.NumGoroutine()}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		c.descriptors = len(entries)
	}
	return c
}

// settledCensus waits for goroutines that are on their way out.
func settledCensus(want counts) counts {
	got := census()
	for deadline := time.Now().Add(5 * time.Second); got.exceed(want) && time.Now().Before(deadline); got = census() {
		time.Sleep(time.Millisecond)
	}
	return got
}

// checkLeaks fails the test if it leaves a goroutine or a descriptor behind.
func checkLeaks(t *testing.T) {
	t.Helper()
	before := census()
	t.Cleanup(func() {
		if after := settledCensus(before); after.exceed(before) {
			t.Errorf("left over: %+v before, %+v after\n%s", before, after, stacks())
		}
	})
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s\n%s", what, stacks())
		}
	}
}

// within waits until c is closed.
func within(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("still not: %s\n%s", what, stacks())
	}
}

// beside runs f beside the test, which waits for it at its end.
func beside(t testing.TB, f func()) (done <-chan struct{}) {
	c := make(chan struct{})
	go func() {
		defer close(c)
		f()
	}()
	t.Cleanup(func() { within(t, "what runs beside the test has ended", c) })
	return c
}
