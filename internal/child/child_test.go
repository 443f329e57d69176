//go:build unix

package child

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const shell = "/bin/sh"

func start(t *testing.T, script string, s Spec) *Process {
	t.Helper()
	s.Path, s.Args = shell, []string{"sh", "-c", script}
	p, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(syscall.SIGKILL, 0) })
	return p
}

// output starts a script and gives what it prints, whoever holds its stdout.
func output(t *testing.T, script string, s Spec) (*Output, *Process) {
	t.Helper()
	out, in, err := OutputPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	t.Cleanup(func() { out.Close() })
	s.Stdout = in
	return out, start(t, script, s)
}

func TestLook(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"runs": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	if path, err := Look("runs", dir); err != nil || path != filepath.Join(dir, "runs") {
		t.Errorf("runs: %q, %v", path, err)
	}
	for _, name := range []string{"plain", filepath.Join(dir, "plain"), dir} {
		if _, err := Look(name, dir); !errors.As(err, new(*UnrunnableError)) {
			t.Errorf("%s: %v, want an UnrunnableError", name, err)
		}
	}
	for _, name := range []string{"nothing", filepath.Join(dir, "nothing"), ""} {
		if _, err := Look(name, dir); !errors.As(err, new(*MissingError)) {
			t.Errorf("%q: %v, want a MissingError", name, err)
		}
	}
}

func TestEveryStatus(t *testing.T) {
	for n := 0; n < 256; n += 51 {
		if got := start(t, "exit "+strconv.Itoa(n), Spec{}).Status(); got != n {
			t.Errorf("exit %d: status %d", n, got)
		}
	}
	if got := start(t, "kill -TERM $$", Spec{}).Status(); got != 143 {
		t.Errorf("killed by TERM: status %d, want 143", got)
	}
}

func TestStartOfWhatNoKernelRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script")
	for name, content := range map[string]string{"no format": "\x00\x01", "no interpreter": "#!/nowhere/sh\n"} {
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := Start(Spec{Path: path, Args: []string{path}}); !errors.As(err, new(*UnrunnableError)) {
			t.Errorf("%s: %v, want an UnrunnableError", name, err)
		}
	}
}

// TestStopReachesTheGroup holds for programs without a controlling terminal.
func TestStopReachesTheGroup(t *testing.T) {
	if hasTerminal() {
		t.Skip("there is a controlling terminal, with which children stay in our group")
	}
	out, p := output(t, "(trap '' INT; echo ready; while :; do sleep 60; done) & wait", Spec{})
	if line, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(line, err)
	}
	p.Stop(syscall.SIGTERM, time.Minute)
	if p.Status() != 143 {
		t.Errorf("status %d", p.Status())
	}
	// The end of the stream says that the grandchild has gone too.
	if rest, err := io.ReadAll(out); err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestStopKillsWhatStays(t *testing.T) {
	out, p := output(t, "trap '' TERM; echo ready; while :; do sleep 60; done", Spec{})
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	p.Stop(syscall.SIGTERM, time.Millisecond)
	if p.Status() != 137 {
		t.Errorf("status %d, want 137", p.Status())
	}
}

// TestDrain: what was printed is read to the end, though a grandchild has the
// pipe open.
func TestDrain(t *testing.T) {
	stop, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stop.Close()
	defer hold.Close()
	text := strings.Repeat("all of it\n", 1000)
	out, p := output(t, "cat <&3 & printf '%s' \"$TEXT\"", Spec{Files: []*os.File{stop}, Env: []string{"TEXT=" + text}})
	if got := p.Status(); got != 0 {
		t.Fatalf("status %d", got)
	}
	out.Drain()
	got, err := io.ReadAll(out)
	if err != nil || string(got) != text {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(text))
	}
}

func TestDrainWakesAReader(t *testing.T) {
	out, in, err := OutputPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	ended := make(chan error)
	go func() {
		_, err := out.Read(make([]byte, 1))
		ended <- err
	}()
	out.Drain()
	select {
	case err := <-ended:
		if err != io.EOF {
			t.Errorf("got %v, want io.EOF", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the reader still waits")
	}
}

func TestUnread(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("this system has no /proc/self/fd to tell by")
	}
	in, out, err := InputPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "dd bs=4 count=1 2>/dev/null", Spec{Stdin: out})
	out.Close()
	if _, err := in.WriteString("readunread"); err != nil {
		t.Fatal(err)
	}
	in.Close()
	p.Status()
	if n := in.Unread(); n != 6 {
		t.Errorf("%d bytes unread, want 6", n)
	}
}

// TestChildInheritsNothingElse: neither our files nor what we inherited.
func TestChildInheritsNothingElse(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("this system has no /proc/self/fd to look at")
	}
	leak, err := syscall.Open(os.DevNull, syscall.O_RDONLY, 0) // as inherited: without O_CLOEXEC
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(leak)
	// No pipeline: while it starts one, a shell has the ends of its pipe as well. And ls is not the last
	// command, which some shells turn into.
	out, p := output(t, "ls -l /proc/$$/fd; :", Spec{})
	got, err := io.ReadAll(out)
	if err != nil || p.Status() != 0 || strings.Count(string(got), "->") != 3 {
		t.Errorf("descriptors of the child: %q, %v; want three", got, err)
	}
}
