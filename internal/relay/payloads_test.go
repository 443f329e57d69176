//go:build linux || darwin

package relay

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"ductworks/internal/frame"
)

// manyBytes is a payload whose parts do not resemble each other, within a
// block whose length no buffer has.
func manyBytes(n int) string {
	block := make([]byte, 64<<10+1)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(block)
	return strings.Repeat(string(block), n/len(block)+1)[:n]
}

func readFull(t testing.TB, r io.Reader, n int) string {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		t.Errorf("cannot read %d bytes: %v", n, err)
	}
	return string(b)
}

// edges are the sizes at which something begins to be done differently.
func edges() []int {
	all := []int{0, 1, 255, 256, 65535, 65536}
	for _, around := range []int{256<<10 - frame.HeaderSize, 512 << 10, streamAbove, 2 << 20} {
		all = append(all, around-1, around, around+1)
	}
	return all
}

// TestPayloadsOfEveryEdge pass both ways at once, exact.
func TestPayloadsOfEveryEdge(t *testing.T) {
	source := manyBytes(5 << 20)
	overThree(t, func(t *testing.T, tr transport) {
		for _, f := range []string{"frame", "hex", "whole"} {
			for _, n := range edges() {
				if f == "hex" && n > 1<<20 || f == "whole" && n < streamAbove-1 {
					continue // no different from others
				}
				t.Run(fmt.Sprint(f, " ", n), func(t *testing.T) {
					payload := source[:n]
					record := recordOf(t, f, payload)
					stdout := tempFile(t, "")
					k := begin(t, tr, setup{format: f, stdin: tempFile(t, record), stdout: stdout})
					beside(t, func() {
						k.peer.send(payload)
						k.peer.halfClose()
					})
					k.peer.expect(payload)
					k.comesTo(clean)
					if got := contentOf(t, stdout); got != record {
						t.Errorf("stdout holds %d bytes, want %d, or others", len(got), len(record))
					}
				})
			}
		}
	})
}

// recordOf gives a payload as it stands on stdin and stdout.
func recordOf(t testing.TB, format, payload string) string {
	switch format {
	case "frame":
		return framed(payload)
	case "hex":
		return fmt.Sprintf("%x\n", payload)
	}
	return payload
}

func contentOf(t testing.TB, f *os.File) string {
	t.Helper()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestLargePayloadsThroughPipes: stdin and stdout are pipes, and small
// messages stand around the large ones.
func TestLargePayloadsThroughPipes(t *testing.T) {
	large := manyBytes(3 << 20)
	messages := []string{"before", large, "", large[1:], "after"}
	overThree(t, func(t *testing.T, tr transport) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		k := begin(t, tr, setup{format: "frame", stdout: w})
		beside(t, func() {
			io.WriteString(k.stdin, framed(messages...))
			k.stdin.Close()
		})
		beside(t, func() {
			k.peer.send(messages...)
			k.peer.halfClose()
		})
		beside(t, func() { k.peer.expect(messages...) })
		if got := readFull(t, r, len(framed(messages...))); got != framed(messages...) {
			t.Error("stdout holds something else")
		}
		w.Close()
		k.comesTo(clean)
	})
}

// TestTornLargePayload: what had arrived of it is on stdout, as the error says.
func TestTornLargePayload(t *testing.T) {
	large := framed(manyBytes(2 << 20))[:3<<19]
	overEach(t, func(t *testing.T, tr transport) {
		for _, stdout := range []string{"memory", "file", "pipe"} {
			t.Run(stdout, func(t *testing.T) {
				s := setup{format: "frame", stdin: tempFile(t, "")}
				holds := func() string { return "" }
				switch stdout {
				case "file":
					f := tempFile(t, "")
					s.stdout, holds = f, func() string { return contentOf(t, f) }
				case "pipe":
					s.stdout, holds = readPipe(t)
				}
				k := begin(t, tr, s)
				if stdout == "memory" {
					holds = k.out.String
				}
				k.peer.send("1")
				k.peer.write(large)
				k.peer.expect() // a goodbye left unread would reset the connection inside TLS
				k.peer.Close()
				k.comesTo(torn)
				if got, want := holds(), framed("1")+large; got != want {
					t.Errorf("stdout holds %d bytes, want %d, or others", len(got), len(want))
				}
				if e, ok := k.err.(*frame.TornError); ok && e.Got != int64(len(large)-frame.HeaderSize) {
					t.Errorf("says that %d bytes have come", e.Got)
				}
			})
		}
	})
}

// readPipe gives a pipe and a function that waits for all that is written to it.
func readPipe(t *testing.T) (*os.File, func() string) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	done := beside(t, func() {
		io.Copy(&got, r)
		r.Close()
	})
	t.Cleanup(func() { w.Close() })
	return w, func() string {
		w.Close()
		<-done
		return got.String()
	}
}

// TestResetInALargePayload tears it too.
func TestResetInALargePayload(t *testing.T) {
	large := framed(manyBytes(2 << 20))[:3<<19]
	overEach(t, func(t *testing.T, tr transport) {
		for _, name := range []string{"memory", "file"} {
			t.Run(name, func(t *testing.T) {
				s := setup{format: "frame", stdin: tempFile(t, framed("unread"))}
				if name == "file" {
					s.stdout = tempFile(t, "")
				}
				k := begin(t, tr, s)
				k.peer.write(large)
				k.awaitMoved(int64(len(large)))
				k.peer.reset()
				k.comesTo(torn)
			})
		}
	})
}

// TestShrinkingFile: the peer must not take what comes next for the rest.
func TestShrinkingFile(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		for _, stayOpen := range []bool{false, true} {
			t.Run(fmt.Sprint("stay open ", stayOpen), func(t *testing.T) {
				stdin := tempFile(t, manyBytes(16<<20))
				k := begin(t, tr, setup{format: "whole", stdin: stdin, stayOpen: stayOpen})
				k.peer.awaitData()
				if err := os.Truncate(stdin.Name(), 12<<20); err != nil {
					t.Fatal(err)
				}
				got, err := k.peer.drain()
				if !is[*frame.TornError](err) || len(got) > 0 {
					t.Errorf("the peer has %s and %v", brief(got), err)
				}
				k.peer.send("2") // receiving goes on
				k.peer.Close()
				k.comesTo(broken)
				if got := k.out.String(); got != "2" {
					t.Errorf("stdout holds %.100q", got)
				}
				if e, ok := k.err.(*BrokenError); ok && (e.Duct || e.End != "stdin") {
					t.Errorf("blames %s", e.End)
				}
			})
		}
	})
}

// TestTornRecordOnStdin: the same where the input is frames from a pipe, of
// which nobody knows where it will end.
func TestTornRecordOnStdin(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		frames := framed("1", manyBytes(2<<20))
		k := begin(t, tr, setup{format: "frame"})
		beside(t, func() {
			io.WriteString(k.stdin, frames[:len(frames)-1])
			k.stdin.Close()
		})
		got, err := k.peer.drain()
		if !is[*frame.TornError](err) || !slices.Equal(got, []string{"1"}) {
			t.Errorf("the peer has %s and %v", brief(got), err)
		}
		k.peer.send("2")
		k.peer.Close()
		k.comesTo(badData)
		if got := k.out.String(); got != framed("2") {
			t.Errorf("stdout holds %.100q", got)
		}
		if n := len(k.reports()); n != 1 {
			t.Errorf("%d reports", n)
		}
	})
}

// TestSmallTornRecordIsNotSent: nothing of it has been passed on.
func TestSmallTornRecordIsNotSent(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{format: "frame", stdin: tempFile(t, framed("1")+halfFrame)})
		k.peer.expect("1")
		k.peer.Close()
		k.comesTo(badData)
	})
}

// TestThousandFramesInOneWrite keep their number and their order.
func TestThousandFramesInOneWrite(t *testing.T) {
	var messages []string
	for i := range 1000 {
		messages = append(messages, strings.Repeat(fmt.Sprint(i), i%7))
	}
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stdin: tempFile(t, "")})
		k.peer.send(messages...)
		k.peer.Close()
		k.comesTo(clean)
		k.shows(messages...)
	})
}
