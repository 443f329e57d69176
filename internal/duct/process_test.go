//go:build linux || darwin

package duct

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// helperVariable makes the test binary be one of these programs instead.
const helperVariable = "DUCT_TEST_HELPER"

const (
	statusOther       = 1
	statusUsage       = 64
	statusUnavailable = 69
	statusRefused     = 77
)

func runHelper(name string) int {
	a, err := ParseAddress(os.Getenv("DUCT_TEST_ADDRESS"))
	if err == nil {
		switch name {
		case "dial":
			err = helpDial(a)
		case "listen":
			err = helpListen(a)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	switch {
	case err == nil:
		return 0
	case isAddressError(err):
		return statusUsage
	case isUnavailable(err):
		return statusUnavailable
	case isRefusal(err):
		return statusRefused
	}
	return statusOther
}

// helpDial connects and reads to the end.
func helpDial(a Address) error {
	c, err := Dial(context.Background(), a, DialOptions{})
	if err != nil {
		return err
	}
	defer c.Close()
	return readErr(c)()
}

// helpListen says that it listens and does so until it is killed.
func helpListen(a Address) error {
	l, err := Listen(a, ListenOptions{})
	if err != nil {
		return err
	}
	fmt.Println("listening")
	for {
		c, err := l.Accept(context.Background())
		if err != nil {
			return err
		}
		defer c.Close()
	}
}

func helper(name string, a Address) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), helperVariable+"="+name, "DUCT_TEST_ADDRESS="+a.String())
	cmd.WaitDelay = patience
	return cmd
}

// asStranger runs the helper under another uid, for which it takes root.
func asStranger(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: 12345}}
	cmd.Dir = "/"
	return cmd
}

// finish waits for the helper and returns its status and what it said.
func finish(t *testing.T, cmd *exec.Cmd) (int, string) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), strings.TrimSpace(string(out))
}

// publicDir is a directory that strangers can search.
func publicDir(t *testing.T) string {
	t.Helper()
	dir := shortDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestStrangerCannotConnect(t *testing.T) {
	a := parse(t, publicDir(t)+"/s")
	listen(t, a.String(), ListenOptions{})
	status, said := finish(t, asStranger(t, helper("dial", a)))
	if want := "connect to " + a.String() + ": permission denied"; status != statusRefused || !strings.Contains(said, want) {
		t.Errorf("status %d: %s", status, said)
	}
}

// A stranger gets as far as the socket lets him, and is closed unread there,
// while the next in line is served.
func TestStrangerIsRefused(t *testing.T) {
	for name, address := range map[string]string{"file": publicDir(t) + "/s", "abstract": fmt.Sprintf("@duct-test-%d", os.Getpid())} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			refused := make(chan error, 10)
			l := listen(t, address, ListenOptions{Mode: 0o666, Admit: ownerOrRoot, Refused: func(err error) { refused <- err }})
			cmd := asStranger(t, helper("dial", l.Address()))
			c := start(func() Conn { return acceptFrom(t, l) })
			status, said := finish(t, cmd)
			if status != statusOther || !strings.Contains(said, "EOF") {
				t.Errorf("status %d: %s", status, said)
			}
			err := result(t, "Refused", refused)
			if !isRefusal(err) || !strings.Contains(err.Error(), "uid 12345") {
				t.Errorf("Refused was told %v", err)
			}
			friend := dialTo(t, l.Address())
			if got := result(t, "Accept", c); got == nil {
				t.Error("the next peer was not served")
			} else {
				send(t, friend, "x")
			}
		})
	}
}

func TestModeLetsStrangersIn(t *testing.T) {
	l := listen(t, publicDir(t)+"/s", ListenOptions{Mode: 0o666, Refused: func(err error) { t.Error(err) }})
	cmd := asStranger(t, helper("dial", l.Address()))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := acceptFrom(t, l)
	if peer, err := c.Peer(); err != nil || peer.UID != 12345 || peer.PID != cmd.Process.Pid {
		t.Errorf("Peer: %+v, %v", peer, err)
	}
	c.Close()
	cmd.Wait()
}

// Killed at any moment, the next start finds nothing in its way.
func TestStartAfterKill(t *testing.T) {
	checkLeaks(t)
	a := parse(t, socketPath(t))
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	for i := range rounds {
		cmd := helper("listen", a)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if _, err := out.Read(make([]byte, 1)); err != nil {
				t.Fatalf("start %d failed: %v", i, cmd.Wait())
			}
		} else {
			time.Sleep(time.Duration(i) * 500 * time.Microsecond) // wherever it is by now
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	listen(t, a.String(), ListenOptions{})
}

func TestHundredProcessesOnOnePath(t *testing.T) {
	checkLeaks(t)
	a := parse(t, socketPath(t))
	leaveStale(t, a.Path())
	starts := 100
	if testing.Short() {
		starts = 20
	}
	results := make(chan string, starts)
	var cmds []*exec.Cmd
	for range starts {
		cmd := helper("listen", a)
		out := &firstLine{lines: results}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	won := 0
	for range starts {
		switch said := result(t, "a start", results); {
		case said == "listening":
			won++
		case !strings.Contains(said, "another program is listening there"):
			t.Errorf("a loser said %q", said)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
	dialTo(t, a)
	for _, cmd := range cmds {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// A firstLine passes on what is written first.
type firstLine struct {
	lines chan<- string
	done  bool
}

func (f *firstLine) Write(p []byte) (int, error) {
	if !f.done {
		f.done = true
		f.lines <- strings.TrimSpace(string(p))
	}
	return len(p), nil
}
