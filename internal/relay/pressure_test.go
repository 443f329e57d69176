//go:build linux || darwin

package relay

import (
	"io"
	"os"
	"testing"
	"time"
)

// TestBothSendBeforeReading: neither waits for the other.
func TestBothSendBeforeReading(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		// More than any system holds for a peer that does not read.
		large := manyBytes(16 << 20)
		if tr.name == "unix" {
			large = manyBytes(64 << 20)
		}
		for _, f := range []string{"whole", "raw"} {
			t.Run(f, func(t *testing.T) {
				messages := []string{large}
				stdin := large
				if f == "raw" {
					messages = manyLines
					stdin = recorded(manyLines...)
				}
				stdout := tempFile(t, "")
				k := begin(t, tr, setup{format: f, stdin: tempFile(t, stdin), stdout: stdout})
				k.peer.send(messages...) // all of it, before anything is read
				k.peer.halfClose()
				k.peer.expect(messages...)
				k.comesTo(clean)
				if contentOf(t, stdout) != stdin {
					t.Error("stdout holds something else")
				}
			})
		}
	})
}

// TestStalledStdout holds up neither the other direction nor, once it is read
// again, anything else.
func TestStalledStdout(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		for _, f := range []string{"raw", "frame"} {
			t.Run(f, func(t *testing.T) {
				r, stdout, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				messages, records := manyLines, recorded(manyLines...)
				if f == "frame" {
					messages = []string{manyBytes(8 << 20)}
					records = framed(messages...)
				}
				k := begin(t, tr, setup{format: f, stdout: stdout})
				beside(t, func() {
					k.peer.send(messages...)
					k.peer.halfClose()
				})
				eventually(t, "stdout is full", func() bool { return readinessOf(r).now() && k.near.Moved() >= 64<<10 })
				for _, m := range []string{"1", "2", "3"} {
					io.WriteString(k.stdin, recordOf(t, f, m))
					if f == "raw" {
						io.WriteString(k.stdin, "\n")
					}
					if got := k.peer.receive(); got != m {
						t.Errorf("the peer has %q, want %q", got, m)
					}
				}
				k.stdin.Close()
				k.peer.expect()
				k.goesOn()
				if got := readFull(t, r, len(records)); got != records {
					t.Error("stdout holds something else")
				}
				k.comesTo(clean)
				stdout.Close()
				if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
					t.Errorf("stdout holds %d bytes too much, and %v", len(rest), err)
				}
			})
		}
	})
}

// TestStalledStdoutStopsThePeer: what nobody takes is not gathered here.
func TestStalledStdoutStopsThePeer(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		r, stdout, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer stdout.Close()
		k := begin(t, tr, setup{stdout: stdout, stdin: tempFile(t, "")})
		sent := beside(t, func() { io.WriteString(k.peer, framed(manyLines...)) })
		eventually(t, "stdout is full", func() bool { return readinessOf(r).now() && k.near.Moved() >= 64<<10 })
		select {
		case <-sent:
			t.Error("the peer was not held up")
		case <-time.After(short):
		}
		if moved := k.near.Moved(); moved > 4<<20 {
			t.Errorf("%d bytes have been taken in", moved)
		}
		k.end(io.ErrClosedPipe)
		if err := k.wait(); err != io.ErrClosedPipe {
			t.Errorf("ended with %v", err)
		}
		r.Close() // sets free what is left behind in the write
		k.peer.Close()
		<-sent
	})
}

// TestBlockingStdin: an inherited stdin is not one of Go's own poller.
func TestBlockingStdin(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		if !tr.hangsUp {
			t.Skip("its peer does not hang up")
		}
		stdin, w := blockingPipe(t)
		k := begin(t, tr, setup{stdin: stdin})
		io.WriteString(w, recorded("1", "2"))
		for _, want := range []string{"1", "2"} {
			if got := k.peer.receive(); got != want {
				t.Errorf("the peer has %q, want %q", got, want)
			}
		}
		k.peer.Close()
		k.comesTo(clean)
	})
}
