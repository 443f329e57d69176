//go:build linux || darwin

package duct

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// leaveStale leaves a socket file behind as a crash does.
func leaveStale(t testing.TB, path string) {
	t.Helper()
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	ln.Close()
}

// setUmask changes the umask of the whole process for one test, none of which
// may run beside it.
func setUmask(t *testing.T, mask int) {
	t.Helper()
	old := unix.Umask(mask)
	t.Cleanup(func() { unix.Umask(old) })
}

func TestModeIsExact(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077, 0o777} {
		for mode, want := range map[fs.FileMode]fs.FileMode{0: 0o600, 0o600: 0o600, 0o660: 0o660, 0o666: 0o666, 0o777: 0o777} {
			t.Run(fmt.Sprintf("umask %03o mode %03o", mask, mode), func(t *testing.T) {
				path := socketPath(t)
				setUmask(t, mask)
				l := listen(t, path, ListenOptions{Mode: mode})
				if got := fileMode(t, path); got != want|fs.ModeSocket {
					t.Errorf("mode %v, want %v", got, want)
				}
				l.Close()
				if got := unix.Umask(mask); got != mask {
					t.Errorf("the umask is %03o afterwards", got)
				}
			})
		}
	}
}

// Another program that looks as often as it can never sees a wider mode.
func TestModeIsNarrowFromTheFirstMoment(t *testing.T) {
	path := socketPath(t)
	setUmask(t, 0)
	stop := make(chan struct{})
	seen := start(func() fs.FileMode {
		var seen fs.FileMode
		for {
			select {
			case <-stop:
				return seen
			default:
			}
			if info, err := os.Lstat(path); err == nil {
				seen |= info.Mode().Perm()
			}
		}
	})
	for range 300 {
		listen(t, path, ListenOptions{}).Close()
	}
	close(stop)
	if got := result(t, "the observer", seen); got&^0o600 != 0 {
		t.Errorf("somebody saw mode %v", got)
	}
}

func TestListenLeavesBystandersAlone(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		says string
	}{
		"regular file":  {func(p string) error { return os.WriteFile(p, []byte("mine"), 0o644) }, "a regular file is there"},
		"directory":     {func(p string) error { return os.Mkdir(p, 0o755) }, "a directory is there"},
		"symbolic link": {func(p string) error { return os.Symlink("elsewhere", p) }, "a symbolic link is there"},
		"link to stale": {func(p string) error {
			leaveStale(t, p+".stale")
			return os.Symlink(p+".stale", p)
		}, "a symbolic link is there"},
		"FIFO": {func(p string) error { return unix.Mkfifo(p, 0o644) }, "a FIFO is there"},
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			path := socketPath(t)
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Lstat(path)
			_, err := Listen(parse(t, path), ListenOptions{})
			if !isUnavailable(err) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
			after, statErr := os.Lstat(path)
			if statErr != nil || !os.SameFile(before, after) || before.Mode() != after.Mode() || !before.ModTime().Equal(after.ModTime()) {
				t.Error("the bystander changed")
			}
		})
	}
}

func TestListenNamesTheDirectory(t *testing.T) {
	dir := shortDir(t)
	_, err := Listen(parse(t, dir+"/none/s"), ListenOptions{})
	if !isUnavailable(err) || !strings.Contains(err.Error(), "directory "+dir+"/none does not exist") {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(parse(t, dir+"/file/s"), ListenOptions{}); !isUnavailable(err) {
		t.Errorf("not a directory: %v", err)
	}
}

func TestListenInUnwritableDirectory(t *testing.T) {
	dir := publicDir(t)
	a := parse(t, dir+"/s")
	status, said := finish(t, asStranger(t, helper("listen", a)))
	if want := "directory " + dir + ": permission denied; it must be writable"; status != statusUnavailable || !strings.Contains(said, want) {
		t.Errorf("status %d: %s", status, said)
	}
}

func TestStaleIsReplaced(t *testing.T) {
	checkLeaks(t)
	path := socketPath(t)
	leaveStale(t, path)
	l := listen(t, path, ListenOptions{})
	c := dialTo(t, l.Address())
	acceptFrom(t, l).Close()
	c.Close()
	l.Close()
	if exists(path) {
		t.Error("the socket is left")
	}
}

// Whoever asks whether somebody listens must not take up the one place there is.
func TestLiveListenerNoticesNothing(t *testing.T) {
	checkLeaks(t)
	path := socketPath(t)
	l := listen(t, path, ListenOptions{})
	_, err := Listen(parse(t, path), ListenOptions{})
	if !isUnavailable(err) || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "another program is listening there") {
		t.Errorf("%v", err)
	}
	ready, err := someoneWaits(l)
	if err != nil || ready {
		t.Errorf("somebody connected: %v, %v", ready, err)
	}
	dialTo(t, l.Address())
	acceptFrom(t, l)
}

// someoneWaits reports whether a connection waits in the backlog.
func someoneWaits(l *Listener) (some bool, err error) {
	raw, err := l.source.(acceptor).ln.(*net.UnixListener).SyscallConn()
	if err != nil {
		return false, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		err = poll(fds, 0)
		some = fds[0].Revents != 0
	})
	return some, errors.Join(err, controlErr)
}

// A socket that is bound and does not listen yet is no stale one.
func TestBoundIsNotStale(t *testing.T) {
	path := socketPath(t)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(parse(t, path), ListenOptions{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v", err)
	}
}

func TestDatagramSocketIsLeftAlone(t *testing.T) {
	path := socketPath(t)
	c, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := Listen(parse(t, path), ListenOptions{}); !errors.Is(err, syscall.EADDRINUSE) || !exists(path) {
		t.Errorf("%v", err)
	}
	if _, err := Dial(t.Context(), parse(t, path), DialOptions{Wait: time.Minute}); !isUnavailable(err) || !strings.Contains(err.Error(), "no stream socket") {
		t.Errorf("%v", err)
	}
}

func TestCloseRemovesOnlyOurs(t *testing.T) {
	for name, replace := range map[string]func(path string) error{
		"another socket": func(p string) error {
			leaveStale(t, p)
			return nil
		},
		"a file":  func(p string) error { return os.WriteFile(p, nil, 0o600) },
		"nothing": func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			path := socketPath(t)
			l := listen(t, path, ListenOptions{})
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := replace(path); err != nil {
				t.Fatal(err)
			}
			before := exists(path)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if exists(path) != before {
				t.Error("what took the place of our socket is gone")
			}
			if err := l.Close(); err != nil {
				t.Errorf("Close again: %v", err)
			}
		})
	}
}

func TestHundredListenersOnOnePath(t *testing.T) {
	for _, stale := range []bool{false, true} {
		t.Run(fmt.Sprintf("stale %v", stale), func(t *testing.T) {
			checkLeaks(t)
			for range 20 {
				path := socketPath(t)
				if stale {
					leaveStale(t, path)
				}
				raceForPath(t, Address{scheme: Unix, name: path})
			}
		})
	}
}

// raceForPath lets a hundred listen at once, of whom one must win.
func raceForPath(t *testing.T, a Address) {
	t.Helper()
	var wg sync.WaitGroup
	starts := make(chan struct{})
	listeners, failures := make(chan *Listener, 100), make(chan error, 100)
	for range 100 {
		wg.Go(func() {
			<-starts
			if l, err := Listen(a, ListenOptions{}); err == nil {
				listeners <- l
			} else {
				failures <- err
			}
		})
	}
	close(starts)
	wg.Wait()
	close(failures)
	if len(listeners) != 1 {
		t.Errorf("%d won", len(listeners))
	}
	for err := range failures {
		if !isUnavailable(err) || !strings.Contains(err.Error(), "another program is listening") {
			t.Errorf("a loser got %v", err)
		}
	}
	dialTo(t, a).Close()
	for len(listeners) > 0 {
		(<-listeners).Close()
	}
}

func TestListenWaitsForTheLock(t *testing.T) {
	path := socketPath(t)
	leaveStale(t, path)
	unlock, err := lockDirectory(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	listening := start(func() error {
		l, err := Listen(Address{scheme: Unix, name: path}, ListenOptions{})
		if err == nil {
			l.Close()
		}
		return err
	})
	stillWaiting(t, "Listen", listening)
	unlock()
	if err := result(t, "Listen", listening); err != nil {
		t.Error(err)
	}
	if err := explainFile(Address{scheme: Unix, name: path}, &lockError{"/x", unix.EWOULDBLOCK}); !strings.Contains(err.Error(), "/x stays locked") {
		t.Error(err)
	}
}

func TestLongestPath(t *testing.T) {
	dir := shortDir(t)
	path := dir + "/" + strings.Repeat("x", maxSocketPath-len(dir)-1)
	l := listen(t, path, ListenOptions{})
	dialTo(t, l.Address())
	acceptFrom(t, l)
	if _, err := ParseAddress(path + "x"); !isAddressError(err) {
		t.Error(err)
	}
}

func TestListenFresh(t *testing.T) {
	checkLeaks(t)
	setUmask(t, 0)
	dir, long := shortDir(t), shortDir(t)
	long += "/" + strings.Repeat("x", 90)
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := ListenFresh([]string{"", dir + "/missing", long, dir, "/never/reached"}, ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	path := l.Address().Path()
	private := filepath.Dir(path)
	if filepath.Dir(private) != dir || !strings.HasPrefix(filepath.Base(private), "ductworks-") || filepath.Base(path) != "duct" {
		t.Errorf("listening on %s", path)
	}
	if got := fileMode(t, private).Perm(); got != 0o700 {
		t.Errorf("directory has mode %v", got)
	}
	if got := fileMode(t, path).Perm(); got != 0o600 {
		t.Errorf("socket has mode %v", got)
	}
	dialTo(t, l.Address()).Close()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for _, d := range []string{dir, long} {
		if left, _ := os.ReadDir(d); len(left) != 0 {
			t.Errorf("left in %s: %v", d, left)
		}
	}
}

func TestListenFreshSaysWhatIsWrong(t *testing.T) {
	_, err := ListenFresh([]string{"/none-such", "/none-either"}, ListenOptions{})
	if !isUnavailable(err) || isAddressError(err) || !strings.Contains(err.Error(), "/none-such") || !strings.Contains(err.Error(), "/none-either") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if _, err := ListenFresh(nil, ListenOptions{}); !isUnavailable(err) {
		t.Errorf("%v", err)
	}
}
