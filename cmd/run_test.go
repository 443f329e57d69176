package cmd

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ductworks/internal/child"
	"ductworks/internal/duct"
	"ductworks/internal/format"
	"ductworks/internal/frame"
	"ductworks/internal/relay"
)

// A result is what a run of the command line left behind.
type result struct {
	status      int
	out, errout string
}

// execute runs a command line with an empty stdin, an environment that says
// nothing to ductworks and no configuration file but one that a test makes.
func execute(t *testing.T, args ...string) result {
	t.Helper()
	if os.Getenv("XDG_CONFIG_HOME") == "" {
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	out, errout := tempFile(t), tempFile(t)
	status, _ := New(args, &Streams{In: null, Out: out, Err: errout}).Run(context.Background())
	return result{status, contents(t, out), contents(t, errout)}
}

func tempFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func contents(t *testing.T, f *os.File) string {
	t.Helper()
	f.Seek(0, io.SeekStart)
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestUsageErrors(t *testing.T) {
	for _, line := range []string{
		"", "lsten", "listen -y", "listen --mode 9", "listen a b", "listen --", "listen 80", "listen http://x",
		"connect", "connect -f yaml a:1", "connect -n 0 a:1", "connect -0 a:1", "connect -d , a:1",
		"connect -f text -0 -d , a:1", "connect --send-only --recv-only a:1", "connect -m 1 --recv-only a:1",
		"connect -m 1 a:1 -- cat", "connect --send-only a:1 -- cat", "connect -q -1 a:1",
		"connect --max-message-size 4GiB a:1", "exec", "exec --via telepathy true", "exec --via fd --at :0 true",
		"exec --at fd:3 true", "pair a :: ", "pair --listen a --listen b c", "pair a :: b :: c", "version now",
	} {
		r := execute(t, strings.Fields(line)...)
		if r.status != exitUsage {
			t.Errorf("%q: status %d", line, r.status)
		}
		last := r.errout[strings.LastIndex(strings.TrimSuffix(r.errout, "\n"), "\n")+1:]
		if !strings.HasPrefix(last, "ductworks: ") || strings.Count(last, "\n") != 1 {
			t.Errorf("%q: stderr ends in %q", line, last)
		}
	}
}

func TestStatuses(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
	}{
		{nil, 0},
		{usagef("x"), 64},
		{&duct.AddressError{}, 64},
		{&format.RecordError{}, 65},
		{reportedError{&format.RecordError{}}, 65},
		{messageError(1, &format.RecordError{}), 65},
		{&relay.UnfitError{Count: 1}, 65},
		{inputError{errors.New("x")}, 66},
		{&duct.UnavailableError{}, 69},
		{&relay.CountError{}, 69},
		{&neverConnectedError{7}, 69},
		{&relay.BrokenError{}, 74},
		{errors.New("anything else"), 74},
		{&frame.MagicError{Start: []byte("x")}, 76},
		{&frame.TornError{}, 76},
		{&frame.SizeError{}, 76},
		{&duct.RefusedError{}, 77},
		{configError{usagef("x")}, 78},
		{&relay.TimeoutError{}, 124},
		{&child.UnrunnableError{Err: os.ErrPermission}, 126},
		{&child.MissingError{}, 127},
		{SignalError{Signal: 15}, 143},
		{ErrOutputClosed, 141},
		{commandError{7}, 7},
	} {
		if got := status(test.err); got != test.status {
			t.Errorf("%T: status %d, want %d", test.err, got, test.status)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	for _, line := range []string{"version", "--version", "--help", "listen --help", "completion bash"} {
		if r := execute(t, strings.Fields(line)...); r.status != 0 || r.out == "" || r.errout != "" {
			t.Errorf("%s: status %d, stderr %q", line, r.status, r.errout)
		}
	}
}

// TestEveryFlagHasAHeading keeps the help pages in order.
func TestEveryFlagHasAHeading(t *testing.T) {
	root := allCommands()
	for _, c := range root.Commands() {
		for name := range flagNames(root.Commands()) {
			f := c.LocalFlags().Lookup(name)
			if f != nil && headingOf(f) == "General" && name != "help" {
				t.Errorf("%s --%s is under no heading", c.Name(), name)
			}
		}
	}
}

func TestWhatIsWrongIsSaidOnOneLine(t *testing.T) {
	r := execute(t, "connect", "-w", "0", filepath.Join(t.TempDir(), "a\nb\x1b[2J"))
	if r.status != exitUnavailable || strings.Count(r.errout, "\n") != 1 || strings.Contains(r.errout, "\x1b") {
		t.Errorf("status %d, stderr %q", r.status, r.errout)
	}
}
