package cmd

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"ductworks/internal/relay"
)

func TestProgressLine(t *testing.T) {
	start := time.Now()
	var at relay.Result
	p := &progress{start: start, soFar: func() relay.Result { return at }}
	for _, step := range []struct {
		after time.Duration
		relay.Result
		width int
		want  string
	}{
		{500 * time.Millisecond, relay.Result{Sent: 5, SentBytes: 1023}, 100,
			"0:00  sent 5, 1023 B (10/s, 2.0 KiB/s)  received 0, 0 B (0/s, 0 B/s)"},
		{time.Second, relay.Result{Sent: 10, SentBytes: 1 << 20, Received: 2, ReceivedBytes: 1}, 100,
			"0:01  sent 10, 1.0 MiB (10/s, 2.0 MiB/s)  received 2, 1 B (4/s, 2 B/s)"},
		{2 * time.Second, relay.Result{Sent: 10, SentBytes: 1 << 20, Received: 2, ReceivedBytes: 1}, 45,
			"0:02  sent 10, 1.0 MiB  received 2, 1 B"},
		{62 * time.Minute, relay.Result{Sent: 10, SentBytes: 5 << 40, Received: 2, ReceivedBytes: 1}, 75,
			"1:02:00  sent 10, 5.0 TiB (0/s, 1.4 GiB/s)  received 2, 1 B (0/s, 0 B/s)"},
		{63 * time.Minute, relay.Result{Sent: 10, SentBytes: 5 << 40, Received: 2, ReceivedBytes: 1}, 8, "1:03:00"},
		{64 * time.Minute, relay.Result{}, 7, ""},
	} {
		at = step.Result
		if got := p.line(start.Add(step.after), step.width); got != step.want {
			t.Errorf("after %v: got  %q\n want %q", step.after, got, step.want)
		}
	}
}

func TestShareOfAFile(t *testing.T) {
	f := tempFile(t)
	f.WriteString(strings.Repeat("x", 300))
	f.Seek(100, 0)
	share := newFileShare(&relay.End{Reader: f})
	for at, want := range map[int64]string{100: "  0%  ", 199: " 49%  ", 200: " 50%  ", 300: "100%  ", 400: "100%  "} {
		f.Seek(at, 0)
		if got := share.String(); got != want {
			t.Errorf("at %d: %q, want %q", at, got, want)
		}
	}
	f.Close()
	if got := share.String(); got != "" {
		t.Errorf("once it is closed: %q", got)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for name, e := range map[string]*relay.End{"pipe": {Reader: r}, "no reader": {}, "empty file": {Reader: tempFile(t)}} {
		if got := newFileShare(e).String(); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestWhereProgressIsShown(t *testing.T) {
	for _, test := range []struct {
		when         string
		in, out, err bool
		quiet, want  bool
	}{
		{"", false, false, true, false, true},
		{"auto", false, false, true, false, true},
		{"", false, false, false, false, false},
		{"", true, false, true, false, false},
		{"", false, true, true, false, false},
		{"", false, false, true, true, false},
		{"always", true, true, false, false, true},
		{"always", false, false, true, true, false},
		{"never", false, false, true, false, false},
	} {
		s := &Streams{InTerminal: test.in, OutTerminal: test.out, ErrTerminal: test.err}
		v := &seeing{progress: whenValue{test.when}}
		if got := v.showsProgress(&app{streams: s, quiet: test.quiet}); got != test.want {
			t.Errorf("%+v: shown %v", test, got)
		}
	}
}

// TestProgressLeavesNothingBehind, and what is said meanwhile stands above it.
func TestProgressLeavesNothingBehind(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	in, typed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, errout := tempFile(t), tempFile(t)
	done := make(chan int)
	go func() {
		s := &Streams{In: in, Out: out, Err: errout, ErrTerminal: true, Colourless: true}
		status, _ := New([]string{"exec", "--via", "pipe", "cat"}, s).Run(context.Background())
		done <- status
	}()
	typed.WriteString("1\n")
	deadline := time.After(20 * time.Second)
	for !strings.Contains(read(t, errout.Name()), "sent 1, ") {
		select {
		case <-deadline:
			t.Fatalf("no progress, but %q", read(t, errout.Name()))
		case <-time.After(5 * time.Millisecond):
		}
	}
	typed.WriteString("x\n")
	typed.Close()
	if status := <-done; status != exitDataErr {
		t.Errorf("ended with %d", status)
	}
	said := read(t, errout.Name())
	if before, _, found := strings.Cut(said, "ductworks: line 2"); !found || !strings.HasSuffix(before, clearLine) {
		t.Errorf("what went wrong does not begin a line of its own: %q", said)
	}
	if strings.LastIndex(said, clearLine) < strings.LastIndex(said, "sent ") {
		t.Errorf("something is left behind: %q", said)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
