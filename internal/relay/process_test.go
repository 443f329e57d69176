//go:build linux || darwin

package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ductworks/internal/child"
	"ductworks/internal/duct"
	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// shell starts a shell script. A grandchild that is to outlive it can read
// from descriptor 4, which ends when the test does.
func shell(t *testing.T, script string, s child.Spec) *child.Process {
	t.Helper()
	life, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer life.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if len(s.Files) == 0 {
		s.Files = []*os.File{null}
	}
	s.Files = append(s.Files, life)
	s.Path, s.Args, s.Stderr = "/bin/sh", []string{"sh", "-c", script}, os.Stderr
	p, err := child.Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ours.Close()
		p.Stop(syscall.SIGKILL, time.Second)
	})
	return p
}

// run has a conversation to its end.
func run(t *testing.T, first, second *End) (r Result, err error) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r, err = Run(context.Background(), first, second, Options{Linger: Forever})
	}()
	within(t, "the conversation has ended", ended)
	return r, err
}

// octal writes bytes as printf(1) takes them.
func octal(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, `\%03o`, c)
	}
	return b.String()
}

// programEnd starts a script that speaks the wire on descriptor 3 and gives
// the conversation's end that it holds.
func programEnd(t *testing.T, script string) *End {
	t.Helper()
	near, theirs, err := duct.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	p := shell(t, script, child.Spec{Files: []*os.File{theirs}})
	end := Duct(near, DuctOptions{Limit: frame.MaxPayload})
	end.Gone = p.Done()
	return end
}

func rawRecords(t *testing.T, stdin *os.File) (*End, *output) {
	t.Helper()
	k := &talk{t: t, out: &output{}}
	return k.records(stdin, setup{}), k.out
}

// openPipe is a stdin on which nothing ever comes.
func openPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		r.Close()
	})
	return r, w
}

// TestProgramThatEnds: all that it sent is printed and that ends it, whoever
// else still holds the duct.
func TestProgramThatEnds(t *testing.T) {
	checkLeaks(t)
	sends := "printf '" + octal(framed(three...)) + "' >&3"
	for name, script := range map[string]string{
		"alone":               sends,
		"grandchild":          "cat <&4 >&3 & " + sends,
		"unread":              "head -c 1 <&3 >/dev/null; " + sends,
		"unread, grandchild":  "head -c 1 <&3 >/dev/null; cat <&4 >&3 & " + sends,
		"with another status": sends + "; exit 3",
		"by a signal":         sends + "; kill -9 $$",
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			stdin, w := openPipe(t)
			w.WriteString(recorded("a", "b"))
			first, out := rawRecords(t, stdin)
			if _, err := run(t, first, programEnd(t, script)); err != nil {
				t.Errorf("ended with %v", err)
			}
			if got := out.String(); got != recorded(three...) {
				t.Errorf("stdout holds %q", got)
			}
		})
	}
}

// TestProgramThatEndsMidFrame is not excused by what it left unread.
func TestProgramThatEndsMidFrame(t *testing.T) {
	checkLeaks(t)
	sends := "printf '" + octal(framed(three...)+halfFrame) + "' >&3"
	for name, script := range map[string]string{
		"alone":      sends,
		"grandchild": "cat <&4 >&3 & " + sends,
		"unread":     "head -c 1 <&3 >/dev/null; " + sends,
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			stdin, w := openPipe(t)
			w.WriteString(recorded("a", "b"))
			first, out := rawRecords(t, stdin)
			if _, err := run(t, first, programEnd(t, script)); judge(err) != torn {
				t.Errorf("ended with %v", err)
			}
			if got := out.String(); got != recorded(three...) {
				t.Errorf("stdout holds %q", got)
			}
		})
	}
}

// TestProgramThatReadsNoMore: what it did not read is dropped, and no error.
func TestProgramThatReadsNoMore(t *testing.T) {
	checkLeaks(t)
	stdin := tempFile(t, recorded(manyLines...))
	full := filepath.Join(t.TempDir(), "full")
	for name, script := range map[string]string{
		// What the system has taken is not known to be dropped, so there has to be more.
		"ends":       "head -c 1 <&3 >/dev/null; until [ -e " + full + " ]; do sleep 0.01; done",
		"grandchild": "cat <&4 >&3 & head -c 1 <&3 >/dev/null",
		"closes":     "head -c 1 <&3 >/dev/null; exec 3>&-; cat <&4",
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			stdin.Seek(0, 0)
			first, _ := rawRecords(t, stdin)
			second := programEnd(t, script)
			var r Result
			var err error
			ended := beside(t, func() { r, err = Run(context.Background(), first, second, Options{Linger: Forever}) })
			if name == "ends" {
				eventually(t, "no more can be written", func() bool { return strings.Contains(string(stacks()), ".waitWrite(") })
				os.WriteFile(full, nil, 0o600)
			}
			within(t, "the conversation has ended", ended)
			if err != nil {
				t.Errorf("ended with %v", err)
			}
			if r.Sent >= int64(len(manyLines)) || second.Dropped() == 0 && name != "grandchild" {
				t.Errorf("%d sent, %d dropped", r.Sent, second.Dropped())
			}
		})
	}
}

// filterEnd starts a script whose stdin and stdout hold records.
func filterEnd(t *testing.T, name, script string) *End {
	t.Helper()
	childIn, stdin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer childIn.Close()
	stdout, childOut, err := child.OutputPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer childOut.Close()
	p := shell(t, script, child.Spec{Stdin: childIn, Stdout: childOut})
	f, o := findFormat(t, name), format.Options{Limit: frame.MaxPayload}
	end := Records(Input{Name: "the command's stdout", Reader: stdout, Format: f}, Output{
		Name: "the command's stdin", Writer: stdin, Forgiving: true, Format: f, Encoder: f.NewEncoder(o),
		Close: func() error { stdin.Close(); return nil },
	}, o)
	end.Gone, end.Drain = p.Done(), stdout.Drain
	end.Release = func() { stdin.Close(); stdout.Close() }
	return end
}

// TestFilterThatEnds: all that it printed is sent, whoever still holds its stdout.
func TestFilterThatEnds(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		for name, script := range map[string]string{
			"alone":      "printf 'a\nb\n\nlast'",
			"grandchild": "cat <&4 & printf 'a\nb\n\nlast'",
			"unread":     "read line; printf 'a\nb\n\nlast'",
		} {
			t.Run(name, func(t *testing.T) {
				near, far := tr.open(t)
				far.send("1", "2")
				got := beside(t, func() {
					// What the peer sent may not have been read: that resets a Unix socket.
					got, err := far.drain()
					if err != nil && !errors.Is(err, syscall.ECONNRESET) {
						t.Errorf("the peer's stream ends with %v", err)
					}
					if want := []string{"a", "b", "", "last"}; !slices.Equal(got, want) {
						t.Errorf("the peer has %s", brief(got))
					}
				})
				if _, err := run(t, filterEnd(t, "raw", script), Duct(near, DuctOptions{Limit: frame.MaxPayload})); err != nil {
					t.Errorf("ended with %v", err)
				}
				<-got
			})
		}
	})
}

// someBytes are numbers of bytes after which a command reads no more: where it
// was given them through a buffer, and where they pass it.
var someBytes = []int{100, 1_000_000}

// TestFilterThatReadsNoMore but lives on: what it leaves is dropped and
// counted, and what follows is not mistaken for something else.
func TestFilterThatReadsNoMore(t *testing.T) {
	large := manyBytes(3 << 20)
	overThree(t, func(t *testing.T, tr transport) {
		for _, n := range someBytes {
			t.Run(fmt.Sprint("after ", n), func(t *testing.T) {
				near, far := tr.open(t)
				beside(t, func() {
					far.send("1", large, "2", large)
					far.halfClose()
				})
				end := filterEnd(t, "frame", fmt.Sprintf("head -c %d >/dev/null; exec <&- >&-; read end <&4", n))
				r, err := run(t, end, Duct(near, DuctOptions{Limit: frame.MaxPayload, Stream: true}))
				if dropped := end.Dropped(); err != nil || r.Received != 4 || dropped != 3 {
					t.Errorf("%d received, %d dropped, and ended with %v", r.Received, dropped, err)
				}
				far.expect()
			})
		}
	})
}

// TestFilterThatIsGone: nothing waits for what it would have been given, even
// if somebody else holds its stdin and does not read.
func TestFilterThatIsGone(t *testing.T) {
	large := framed("1", manyBytes(3<<20), "2")
	overThree(t, func(t *testing.T, tr transport) {
		for _, n := range someBytes {
			for name, script := range map[string]string{
				"alone":      "head -c %d >/dev/null; printf '%s'",
				"grandchild": "exec 5<&0; head -c %d >/dev/null; cat <&4 & printf '%s'",
			} {
				t.Run(fmt.Sprint(name, " after ", n), func(t *testing.T) {
					near, far := tr.open(t)
					beside(t, func() { io.WriteString(far, large) }) // as far as it goes
					end := filterEnd(t, "frame", fmt.Sprintf(script, n, octal(framed("a"))))
					if _, err := run(t, end, Duct(near, DuctOptions{Limit: frame.MaxPayload, Stream: true})); err != nil {
						t.Errorf("ended with %v", err)
					}
					if got := far.receive(); got != "a" {
						t.Errorf("the peer has %q", got)
					}
				})
			}
		}
	})
}
