//go:build linux || darwin

package duct

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
)

func isTCP(name string) bool  { return strings.HasPrefix(name, "tcp") || isTLS(name) }
func isTLS(name string) bool  { return strings.HasPrefix(name, "tls") }
func isUnix(name string) bool { return strings.HasPrefix(name, "unix") }

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	type outcome struct {
		b   []byte
		err error
	}
	got := result(t, "reading to the end", start(func() outcome {
		b, err := io.ReadAll(r)
		return outcome{b, err}
	}))
	if got.err != nil {
		t.Fatalf("after %q: %v", got.b, got.err)
	}
	return string(got.b)
}

func send(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if n, err := io.WriteString(w, s); err != nil || n != len(s) {
		t.Fatalf("wrote %d of %q: %v", n, s, err)
	}
}

func readErr(c io.Reader) func() error {
	return func() error {
		_, err := c.Read(make([]byte, 1))
		return err
	}
}

func TestBothDirectionsEndApart(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		send(t, near, "to far")
		if err := near.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, far); got != "to far" {
			t.Errorf("far got %q", got)
		}
		send(t, far, "to near")
		far.CloseWrite()
		if got := readAll(t, near); got != "to near" {
			t.Errorf("near got %q", got)
		}
		if !hasMoved(near, int64(len("to far"+"to near"))) {
			t.Errorf("moved %d", near.Moved())
		}
		if err := near.Err(); err != nil {
			t.Errorf("Err: %v", err)
		}
	})
}

func TestLargeWriteIsWhole(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		payload := bytes.Repeat([]byte("0123456789abcdef"), 1<<19)
		wrote := start(func() error {
			_, err := near.Write(payload)
			return errors.Join(err, near.CloseWrite())
		})
		hash := sha256.New()
		if n, err := io.Copy(hash, far); err != nil || n != int64(len(payload)) {
			t.Errorf("far read %d: %v", n, err)
		}
		if err := result(t, "Write", wrote); err != nil {
			t.Error(err)
		}
		if want := sha256.Sum256(payload); !bytes.Equal(hash.Sum(nil), want[:]) {
			t.Error("the bytes changed on the way")
		}
	})
}

// Also a Write that has not returned counts, or a slow peer would pass for
// one that takes nothing.
func TestMovedCountsWhileWriteIsBlocked(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		wrote := start(func() error {
			_, err := near.Write(make([]byte, 64<<20))
			return err
		})
		eventually(t, "the first bytes count", func() bool { return near.Moved() > 0 })
		before := near.Moved()
		if _, err := io.CopyN(io.Discard, far, 8<<20); err != nil {
			t.Fatal(err)
		}
		eventually(t, "more bytes count", func() bool { return near.Moved() > before })
		stillWaiting(t, "Write", wrote)
		near.Close()
		if err := result(t, "Write", wrote); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}
	})
}

func TestCloseReadKeepsWhatArrived(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		send(t, far, "arrived")
		buf := make([]byte, 1)
		if _, err := io.ReadFull(near, buf); err != nil {
			t.Fatal(err)
		}
		if err := near.CloseRead(); err != nil {
			t.Fatal(err)
		}
		if got := string(buf) + readAll(t, near); got != "arrived" {
			t.Errorf("got %q", got)
		}
		send(t, near, "goes on")
		near.CloseWrite()
		if got := readAll(t, far); got != "goes on" {
			t.Errorf("far got %q", got)
		}
	})
}

func TestCloseReadWakesRead(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		read := start(readErr(near))
		stillWaiting(t, "Read", read)
		if err := near.CloseRead(); err != nil {
			t.Fatal(err)
		}
		if err := result(t, "Read", read); err != io.EOF {
			t.Errorf("Read: %v", err)
		}
	})
}

func TestCloseWakesEverybody(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		far.CloseWrite()
		if err := readErr(near)(); err != io.EOF {
			t.Fatal(err)
		}
		hangup := start(near.AwaitHangup)
		write := start(func() error {
			_, err := near.Write(make([]byte, 64<<20))
			return err
		})
		stillWaiting(t, "AwaitHangup", hangup)
		stillWaiting(t, "Write", write)
		if err := near.Close(); err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]<-chan error{"AwaitHangup": hangup, "Write": write} {
			if err := result(t, what, c); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestCloseWakesRead(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		read := start(readErr(near))
		stillWaiting(t, "Read", read)
		near.Close()
		if err := result(t, "Read", read); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: %v", err)
		}
		_, peerErr := near.Peer()
		if tcpOf(far) != nil {
			peerErr = net.ErrClosed // not asked for TCP
		}
		_, writeErr := near.Write([]byte("x"))
		for what, err := range map[string]error{
			"Read": readErr(near)(), "Write": writeErr, "CloseWrite": near.CloseWrite(), "CloseRead": near.CloseRead(),
			"AwaitHangup": near.AwaitHangup(), "Err": near.Err(), "Close": near.Close(), "Peer": peerErr,
		} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close: %v", what, err)
			}
		}
	})
}

func TestHangupIsNoHalfClose(t *testing.T) {
	eachTransport(t, isUnix, func(t *testing.T, near Conn, far far) {
		far.CloseWrite()
		if err := readErr(near)(); err != io.EOF {
			t.Fatal(err)
		}
		hangup := start(near.AwaitHangup)
		stillWaiting(t, "AwaitHangup", hangup)
		send(t, near, "still here")
		far.Close()
		if err := result(t, "AwaitHangup", hangup); err != nil {
			t.Error(err)
		}
	})
}

// The writer waits on the same poller as AwaitHangup does.
func TestHangupBesideBlockedWrite(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		far.CloseWrite()
		if err := readErr(near)(); err != io.EOF {
			t.Fatal(err)
		}
		hangup := start(near.AwaitHangup)
		write := start(func() error {
			_, err := near.Write(make([]byte, 64<<20))
			return err
		})
		stillWaiting(t, "AwaitHangup", hangup)
		far.Close()
		if err := result(t, "AwaitHangup", hangup); err != nil {
			t.Error(err)
		}
		if err := result(t, "Write", write); !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Write: %v", err)
		}
	})
}

func TestTCPHangupAfterReset(t *testing.T) {
	eachTransport(t, isTCP, func(t *testing.T, near Conn, far far) {
		far.Close()
		if err := readErr(near)(); err != io.EOF {
			t.Fatal(err)
		}
		hangup := start(near.AwaitHangup)
		stillWaiting(t, "AwaitHangup", hangup)
		send(t, near, "anybody?")
		if err := result(t, "AwaitHangup", hangup); err != nil {
			t.Error(err)
		}
		// The refusal was told to nobody yet.
		err := near.Err()
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Fatalf("Err: %v", err)
		}
		if again := near.Err(); again != err {
			t.Errorf("Err again: %v", again)
		}
		if got := readErr(near)(); got != err {
			t.Errorf("Read after Err: %v", got)
		}
	})
}

func TestReset(t *testing.T) {
	eachTransport(t, isTCP, func(t *testing.T, near Conn, far far) {
		read := start(readErr(near))
		reset(far)
		if err := result(t, "Read", read); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read: %v", err)
		}
		if err := near.Err(); err != nil {
			t.Errorf("Err after it was returned: %v", err)
		}
		if err := near.CloseRead(); err != nil {
			t.Errorf("CloseRead: %v", err)
		}
	})
}

// A Unix peer that closes with our data unread.
func TestUnixReset(t *testing.T) {
	eachTransport(t, isUnix, func(t *testing.T, near Conn, far far) {
		send(t, near, "never read")
		send(t, far, "last words")
		far.Close()
		buf := make([]byte, 100)
		n, err := near.Read(buf)
		if string(buf[:n]) != "last words" || err != nil {
			t.Fatalf("first Read: %q, %v", buf[:n], err)
		}
		if n, err := near.Read(buf); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("second Read: %d, %v", n, err)
		}
		if n, err := near.Read(buf); n != 0 || err != io.EOF {
			t.Errorf("third Read: %d, %v", n, err)
		}
	})
}

func TestReadOfNothing(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		if n, err := near.Read(nil); n != 0 || err != nil {
			t.Errorf("Read: %d, %v", n, err)
		}
		if n, err := near.Write(nil); n != 0 || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
	})
}

func TestSettle(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		send(t, far, "never read by near")
		send(t, near, "last words")
		near.CloseWrite()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := near.Settle(ctx); err != nil {
			t.Fatal(err)
		}
		near.Close()
		buf := make([]byte, 100)
		if n, err := far.Read(buf); string(buf[:n]) != "last words" {
			t.Errorf("far read %q, %v", buf[:n], err)
		}
	})
}

// More than the peer's system takes: Settle waits until it is read, and what
// arrives meanwhile does not reset the connection.
func TestSettleWaitsForTheLastByte(t *testing.T) {
	eachTransport(t, func(name string) bool { return isTCP(name) && name != "tcp fd" }, func(t *testing.T, near Conn, far far) {
		const size = 4 << 20
		tcpOf(far).SetReadBuffer(128 << 10) // TLS crawls where a record does not fit
		send(t, near, strings.Repeat("x", 512<<10))
		wrote := start(func() error {
			_, err := near.Write(make([]byte, size-512<<10))
			return errors.Join(err, near.CloseWrite())
		})
		send(t, far, "unasked")
		settled := start(func() error {
			if err := <-wrote; err != nil {
				return err
			}
			return errors.Join(near.Settle(context.Background()), near.Close())
		})
		stillWaiting(t, "Settle", settled)
		if n, err := io.Copy(io.Discard, far); n != size || err != nil {
			t.Errorf("far read %d: %v", n, err)
		}
		if err := result(t, "Settle", settled); err != nil {
			t.Error(err)
		}
	})
}

func TestSettleEndsWithContextAndReset(t *testing.T) {
	eachTransport(t, isTCP, func(t *testing.T, near Conn, far far) {
		tcpOf(far).SetReadBuffer(16 << 10)
		done := make(chan struct{})
		go func() {
			defer close(done)
			near.Write(make([]byte, 64<<20))
		}()
		eventually(t, "the first bytes moved", func() bool { return near.Moved() > 1<<20 })
		ctx, cancel := context.WithCancelCause(context.Background())
		reason := errors.New("reason")
		settled := start(func() error { return near.Settle(ctx) })
		stillWaiting(t, "Settle", settled)
		cancel(reason)
		if err := result(t, "Settle", settled); err != reason {
			t.Errorf("Settle after cancel: %v", err)
		}
		settled = start(func() error { return near.Settle(context.Background()) })
		reset(far)
		if err := result(t, "Settle", settled); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Settle after reset: %v", err)
		}
		<-done
	})
}

func TestPeer(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		peer, err := near.Peer()
		if tcpOf(far) != nil {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("Peer: %v", err)
			}
			return
		}
		if err != nil || peer.UID != syscall.Geteuid() || peer.GID != syscall.Getegid() {
			t.Errorf("Peer: %+v, %v", peer, err)
		}
	})
}

func TestAddressOfPeer(t *testing.T) {
	for name, want := range map[string]string{"unix accepted": "unix:", "unix pair": "unix:", "tcp accepted": "tcp:127.0.0.1:", "tls accepted": "tls:127.0.0.1:"} {
		near, far := transports[name](t)
		if got := near.Address().String(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", name, got)
		}
		if got, want := near.Address().HostPort(), far.LocalAddr().String(); isTCP(name) && got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestErrorsAreOneLine(t *testing.T) {
	near, far := transports["unix accepted"](t)
	send(t, near, "never read")
	far.Close()
	if err := readErr(near)(); err == nil || err.Error() != "read from the peer: connection reset by peer" {
		t.Errorf("%v", err)
	}
	if _, err := near.Write([]byte("x")); err == nil || err.Error() != "write to the peer: broken pipe" {
		t.Errorf("%v", err)
	}
}

func TestWriteDoesNotAllocate(t *testing.T) {
	near, far := transports["unix dialled"](t)
	go io.Copy(io.Discard, far)
	p := make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() { near.Write(p) }); n != 0 {
		t.Errorf("%v allocations a Write", n)
	}
	near.Close()
}
