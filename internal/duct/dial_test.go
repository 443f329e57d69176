//go:build linux || darwin

package duct

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDialOneTry(t *testing.T) {
	dir := shortDir(t)
	leaveStale(t, dir+"/stale")
	for _, c := range []struct{ address, says string }{
		{dir + "/missing", "no such file or directory; is anybody listening there?"},
		{dir + "/no/where", "no such file or directory; is anybody listening there?"},
		{dir + "/localhost", "no such file or directory; is anybody listening there? (a host needs a port, as in localhost:8080)"},
		{dir + "/127.0.0.1", "no such file or directory; is anybody listening there? (a host needs a port, as in 127.0.0.1:8080)"},
		{dir + "/stale", "connection refused; is anybody listening there?"},
		{unusedPort(t), "connection refused; is anybody listening there?"},
		{"tls:" + unusedPort(t), "connection refused; is anybody listening there?"},
	} {
		_, err := Dial(t.Context(), parse(t, c.address), DialOptions{})
		if want := "connect to " + parse(t, c.address).String() + ": "; !isUnavailable(err) || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.address, err)
		}
	}
	for _, a := range []string{"tcp::0", "tls::0"} {
		if _, err := Dial(t.Context(), parse(t, a), DialOptions{}); !isAddressError(err) {
			t.Errorf("%s: %v", a, err)
		}
	}
	if _, err := Dial(t.Context(), Address{}, DialOptions{}); !isAddressError(err) {
		t.Errorf("no address: %v", err)
	}
}

// unusedPort is an address on which nobody listens.
func unusedPort(t *testing.T) string {
	t.Helper()
	ln := tcpListener(t)
	defer ln.Close()
	return ln.Addr().String()
}

// These failures do not pass, so waiting for them would be in vain.
func TestDialFailsAtOnce(t *testing.T) {
	dir := shortDir(t)
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ address, says string }{
		{dir, "it is not a socket"},
		{dir + "/file", "it is not a socket"},
		{dir + "/file/s", "not a directory"},
	} {
		dialled := start(func() error {
			_, err := Dial(context.Background(), parse(t, c.address), DialOptions{Wait: time.Hour})
			return err
		})
		if err := result(t, "Dial", dialled); !isUnavailable(err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.address, err)
		}
	}
}

func TestDialWaitsForTheListener(t *testing.T) {
	path := socketPath(t)
	stale := socketPath(t)
	leaveStale(t, stale)
	for name, address := range map[string]string{"missing": path, "stale": stale, "tcp": unusedPort(t)} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			a := parse(t, address)
			dialled := start(func() error {
				c, err := Dial(context.Background(), a, DialOptions{Wait: time.Hour})
				if err == nil {
					c.Close()
				}
				return err
			})
			stillWaiting(t, "Dial", dialled)
			l := listen(t, a.String(), ListenOptions{})
			acceptFrom(t, l)
			if err := result(t, "Dial", dialled); err != nil {
				t.Error(err)
			}
		})
	}
}

// A Unix backlog that is full answers at once, TCP's says nothing.
func TestDialWaitsForAFullBacklog(t *testing.T) {
	checkLeaks(t)
	path := socketPath(t)
	fd := bareListener(t, &unix.SockaddrUnix{Name: path}, unix.AF_UNIX)
	a := parse(t, path)
	var full error
	for full == nil {
		var c Conn
		if c, full = Dial(t.Context(), a, DialOptions{}); full == nil {
			defer c.Close()
		}
	}
	if !errors.Is(full, syscall.EAGAIN) || !isUnavailable(full) {
		t.Fatalf("full backlog: %v", full)
	}
	dialled := start(func() error {
		c, err := Dial(context.Background(), a, DialOptions{Wait: time.Hour})
		if err == nil {
			c.Close()
		}
		return err
	})
	stillWaiting(t, "Dial", dialled)
	nfd, _, err := unix.Accept(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(nfd)
	if err := result(t, "Dial", dialled); err != nil {
		t.Error(err)
	}
}

// bareListener listens with the shortest backlog and accepts nobody.
func bareListener(t *testing.T, at unix.Sockaddr, family int) int {
	t.Helper()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	unix.CloseOnExec(fd)
	if err := errors.Join(unix.Bind(fd, at), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	return fd
}

// silentAddress drops whoever wants to connect.
func silentAddress(t *testing.T) Address {
	t.Helper()
	fd := bareListener(t, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, unix.AF_INET)
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	a := parse(t, fmt.Sprintf("tcp::%d", name.(*unix.SockaddrInet4).Port))
	for {
		c, err := net.DialTimeout("tcp", a.HostPort(), 200*time.Millisecond)
		if err != nil {
			return a
		}
		t.Cleanup(func() { c.Close() })
	}
}

func TestDialGivesUpOnSilence(t *testing.T) {
	checkLeaks(t)
	a := silentAddress(t)
	dialled := start(func() error {
		_, err := Dial(context.Background(), a, DialOptions{Wait: 1200 * time.Millisecond})
		return err
	})
	err := result(t, "Dial", dialled)
	// It says how long that took, which is no less than it was told and may be more.
	said := regexp.MustCompile(`^connect to (.*) \(tried for (.*)\): no answer; is anybody listening there\?$`).FindStringSubmatch(fmt.Sprint(err))
	if !isUnavailable(err) || said == nil || said[1] != a.String() {
		t.Fatalf("%v", err)
	}
	if tried, err := time.ParseDuration(said[2]); err != nil || tried < 1200*time.Millisecond {
		t.Errorf("tried for %s, %v", said[2], err)
	}
}

func TestDialTellsThatItWaits(t *testing.T) {
	for name, a := range map[string]Address{"missing": parse(t, socketPath(t)), "silent": silentAddress(t)} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			ctx, cancel := context.WithCancelCause(context.Background())
			reason := errors.New("enough")
			started := time.Now()
			var calls atomic.Int32
			_, err := Dial(ctx, a, DialOptions{Wait: time.Hour, Waiting: func(cause error) {
				calls.Add(1)
				if early := time.Since(started) < noticeAfter; early || cause == nil || strings.Contains(cause.Error(), "dial") {
					t.Errorf("Waiting was told %v, early %v", cause, early)
				}
				cancel(reason)
			}})
			if err != reason || calls.Load() != 1 {
				t.Errorf("%v after %d calls of Waiting", err, calls.Load())
			}
		})
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	checkLeaks(t)
	reason := errors.New("reason")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(reason)
	for _, a := range []Address{parse(t, socketPath(t)), silentAddress(t), tcpAddress(t)} {
		if _, err := Dial(ctx, a, DialOptions{Wait: time.Hour}); err != reason {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func tcpAddress(t *testing.T) Address { return addressOf(tcpListener(t).Addr()) }

func TestDialAdmitsTheListener(t *testing.T) {
	checkLeaks(t)
	l := listen(t, socketPath(t), ListenOptions{})
	reason := errors.New("not him")
	var asked Peer
	_, err := Dial(t.Context(), l.Address(), DialOptions{Admit: func(p Peer) error {
		asked = p
		return reason
	}})
	if !isRefusal(err) || !errors.Is(err, reason) || asked.UID != os.Geteuid() {
		t.Errorf("%v, asked about %+v", err, asked)
	}
	c, err := Dial(t.Context(), l.Address(), DialOptions{Admit: ownerOrRoot})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestDialLocalhostOfOneFamily(t *testing.T) {
	hosts, err := net.LookupHost("localhost")
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts {
		ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Skip(err)
		}
		defer ln.Close()
		a := parse(t, fmt.Sprintf("localhost:%d", ln.Addr().(*net.TCPAddr).Port))
		c, err := Dial(t.Context(), a, DialOptions{})
		if err != nil {
			t.Errorf("only %s is served: %v", host, err)
			continue
		}
		if c.Address() != a {
			t.Errorf("connected to %s", c.Address())
		}
		c.Close()
	}
}
