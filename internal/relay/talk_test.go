//go:build linux || darwin

package relay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"ductworks/internal/duct"
	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// A setup is how a talk differs from one of raw lines that nothing limits.
type setup struct {
	Options
	format   string    // of both directions
	stdin    *os.File  // in place of a pipe that the test writes to
	payloads []string  // in place of stdin
	stdout   io.Writer // in place of memory
	stayOpen bool
	exact    bool
	limit    int64
}

// A talk is a conversation under test, between a stdin and a stdout here and
// a peer there.
type talk struct {
	t               testing.TB
	peer            *peer
	near            duct.Conn
	stdin, stdinEnd *os.File // what the test writes to, and what is read
	out             *output
	end             func(error) // ends it with a cause

	ended  chan struct{}
	result Result
	err    error

	mu       sync.Mutex
	reported []error
}

// begin starts a conversation over a new connection.
func begin(t testing.TB, tr transport, s setup) *talk {
	t.Helper()
	near, far := tr.open(t)
	return beginWith(t, near, far, s)
}

func beginWith(t testing.TB, near duct.Conn, far *peer, s setup) *talk {
	t.Helper()
	k := &talk{t: t, peer: far, near: near, out: &output{}, ended: make(chan struct{})}
	stdin := s.stdin
	if stdin == nil {
		var err error
		if stdin, k.stdin, err = os.Pipe(); err != nil {
			t.Fatal(err)
		}
	}
	k.stdinEnd = stdin
	ctx, cancel := context.WithCancelCause(context.Background())
	k.end = cancel
	first, second := k.records(stdin, s), Duct(near, s.ductOptions(t))
	o := s.Options
	if o.Linger == 0 {
		o.Linger = Forever
	}
	o.Report = k.report
	go func() {
		defer close(k.ended)
		k.result, k.err = Run(ctx, first, second, o)
	}()
	t.Cleanup(sync.OnceFunc(func() {
		cancel(errors.New("the test is over"))
		if k.stdin != nil {
			k.stdin.Close()
		}
		within(t, "the conversation has ended", k.ended)
		if s.stdin == nil {
			stdin.Close()
		}
		if far != nil {
			far.Close()
		}
	}))
	return k
}

func (k *talk) records(stdin *os.File, s setup) *End {
	f := findFormat(k.t, s.format)
	o := format.Options{Limit: s.sizeLimit()}
	in := Input{Name: "stdin", Reader: stdin, Format: f}
	if s.payloads != nil {
		in.Reader = nil
		for _, p := range s.payloads {
			in.Payloads = append(in.Payloads, []byte(p))
		}
	}
	out := Output{Name: "stdout", Writer: k.out, Format: f, Encoder: f.NewEncoder(o), Report: k.report}
	if s.stdout != nil {
		out.Writer = s.stdout
	}
	return Records(in, out, o)
}

func (s setup) ductOptions(t testing.TB) DuctOptions {
	return DuctOptions{
		Limit: s.sizeLimit(), Exact: s.exact, StayOpen: s.stayOpen, Stream: findFormat(t, s.format).Streams}
}

func setupOptions() format.Options { return format.Options{Limit: frame.MaxPayload} }

func (s setup) sizeLimit() int64 {
	if s.limit == 0 {
		return frame.MaxPayload
	}
	return s.limit
}

func findFormat(t testing.TB, name string) format.Format {
	t.Helper()
	if name == "" {
		name = "raw"
	}
	f, err := format.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (k *talk) report(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reported = append(k.reported, err)
}

func (k *talk) reports() []error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.reported
}

// say writes records to stdin.
func (k *talk) say(lines ...string) {
	if _, err := io.WriteString(k.stdin, recorded(lines...)); err != nil {
		k.t.Errorf("cannot write to stdin: %v", err)
	}
}

// recorded gives messages as they stand on stdin and stdout in raw.
func recorded(messages ...string) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString(m + "\n")
	}
	return b.String()
}

// wait waits for the end and gives what it came to.
func (k *talk) wait() error {
	k.t.Helper()
	within(k.t, "the conversation has ended", k.ended)
	return k.err
}

// goesOn fails if the conversation has ended. It can only ever miss that.
func (k *talk) goesOn() {
	k.t.Helper()
	select {
	case <-k.ended:
		k.t.Errorf("the conversation ended too early, with %v", k.err)
	default:
	}
}

// shows checks that exactly these records are on stdout.
func (k *talk) shows(want ...string) {
	k.t.Helper()
	if got := k.out.String(); got != recorded(want...) {
		k.t.Errorf("stdout holds %.200q, want %.200q", got, recorded(want...))
	}
}

// awaitShown waits until these records are on stdout.
func (k *talk) awaitShown(want ...string) {
	k.t.Helper()
	eventually(k.t, "the records are on stdout", func() bool { return k.out.String() == recorded(want...) })
}

// An output is a stdout that can be looked at.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// tempFile is a file on disk that holds content and is to be read from its beginning.
func tempFile(t testing.TB, content string) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f
}

// A verdict is what kind of error a conversation has ended with.
type verdict string

const (
	clean   verdict = "clean"
	broken  verdict = "broken"
	torn    verdict = "torn"
	missed  verdict = "count missed"
	badData verdict = "bad data"
	idle    verdict = "timeout"
)

// judge names the kind of err.
func judge(err error) verdict {
	switch {
	case err == nil:
		return clean
	case is[*frame.TornError](err):
		return torn
	case is[*BrokenError](err):
		return broken
	case is[*CountError](err):
		return missed
	case is[*format.RecordError](err), is[*UnfitError](err):
		return badData
	case is[*TimeoutError](err):
		return idle
	}
	return verdict(err.Error())
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// comesTo waits for the end and checks its kind.
func (k *talk) comesTo(want verdict) {
	k.t.Helper()
	if got := judge(k.wait()); got != want {
		k.t.Errorf("ended as %q (%v), want %q", got, k.err, want)
	}
}

// awaitMoved waits until so many bytes have gone through our end of the duct.
func (k *talk) awaitMoved(n int64) {
	k.t.Helper()
	eventually(k.t, "the bytes have moved", func() bool { return k.near.Moved() >= n })
}

// short is for what has to come about by itself.
const short = 50 * time.Millisecond
