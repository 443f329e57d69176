//go:build linux || darwin

package duct

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

func isTLSError(err error) bool {
	_, ok := errors.AsType[*TLSError](err)
	return ok
}

// says checks that err is a refusal in these words.
func says(t *testing.T, who string, err error, words string) {
	t.Helper()
	if !isRefusal(err) || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want a refusal that says %q", who, err, words)
	}
}

// A tlsServer is a listener whose refusals are kept.
type tlsServer struct {
	*Listener
	told chan error
}

func listenOverTLS(t *testing.T, o TLSOptions) *tlsServer {
	t.Helper()
	told := make(chan error, 100)
	return &tlsServer{listen(t, "tls::0", ListenOptions{TLS: o, Refused: func(err error) { told <- err }}), told}
}

// servesNext checks that the next peer that comes with good reason is served,
// and that nothing of those before is taken for its own.
func (s *tlsServer) servesNext(t *testing.T) {
	t.Helper()
	accepting := start(func() Conn { return acceptFrom(t, s.Listener) })
	near := dialTLSTo(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.Address().Port()})
	if near == nil {
		t.FailNow()
	}
	send(t, near, "welcome")
	near.CloseWrite()
	if got := readAll(t, result(t, "Accept", accepting)); got != "welcome" {
		t.Errorf("the listener got %q", got)
	}
}

// accepting calls Accept until the test ends, and fails if anybody gets in.
func (s *tlsServer) accepting(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := start(acceptErr(ctx, s.Listener))
	return func() {
		t.Helper()
		cancel()
		if err := result(t, "Accept", ended); !errors.Is(err, context.Canceled) {
			t.Errorf("Accept: %v", err)
		}
	}
}

// with is mutual, changed.
func with(change func(o *TLSOptions)) TLSOptions {
	o := mutual()
	change(&o)
	return o
}

// The dialler refuses the listener, and the listener learns why.
func TestTLSDiallerRefuses(t *testing.T) {
	const refused = "does not accept our certificate: bad certificate; does it trust"
	for _, c := range []struct {
		name              string
		listens, dials    TLSOptions
		dialler, listener string
	}{
		{"authority", mutual(), with(func(o *TLSOptions) { o.Authorities = theirs().pool() }),
			"signed by no authority that we trust; --tls-ca", refused},
		{"name", with(func(o *TLSOptions) { o.Certificate = ours().issue(otherName) }), mutual(),
			"certificate has another name: ", refused},
		{"name asked for", mutual(), with(func(o *TLSOptions) { o.Name = "elsewhere.test" }),
			"elsewhere.test; --tls-name says which to expect", refused},
		{"expired", with(func(o *TLSOptions) { o.Certificate = ours().issue(expired) }), mutual(),
			"its certificate has expired", refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkLeaks(t)
			l := listenOverTLS(t, c.listens)
			stop := l.accepting(t)
			_, err := Dial(t.Context(), l.Address(), DialOptions{TLS: c.dials})
			says(t, "the dialler", err, c.dialler)
			says(t, "the listener", result(t, "Refused", l.told), c.listener)
			stop()
		})
	}
}

// The listener refuses the dialler, who has finished its handshake by then and
// learns it when it reads, however much it has sent before.
func TestTLSListenerRefuses(t *testing.T) {
	for _, c := range []struct {
		name              string
		shows             *tls.Certificate
		dialler, listener string
	}{
		{"none", nil, "it demands a certificate; --tls-cert", "has no certificate"},
		{"authority", theirs().issue(nil), "does not trust the authority that signed our certificate", "signed by no authority"},
		{"expired", ours().issue(expired), "our certificate has expired", "its certificate has expired"},
	} {
		for size, payload := range map[string]string{"little": "secret", "much": strings.Repeat("secret", 1<<20)} {
			t.Run(c.name+" "+size, func(t *testing.T) {
				checkLeaks(t)
				l := listenOverTLS(t, mutual())
				stop := l.accepting(t)
				near, err := Dial(t.Context(), l.Address(), DialOptions{TLS: with(func(o *TLSOptions) { o.Certificate = c.shows })})
				if err != nil {
					t.Fatal(err)
				}
				defer near.Close()
				io.WriteString(near, payload)
				says(t, "the dialler", result(t, "Read", start(readErr(near))), c.dialler)
				says(t, "the listener", result(t, "Refused", l.told), c.listener)
				stop()
				l.servesNext(t)
			})
		}
	}
}

func TestTLSNameInPlaceOfTheHost(t *testing.T) {
	checkLeaks(t)
	l := listenOverTLS(t, with(func(o *TLSOptions) { o.Certificate = ours().issue(otherName) }))
	for what, o := range map[string]TLSOptions{
		"name":     with(func(o *TLSOptions) { o.Name = "elsewhere.test" }),
		"insecure": with(func(o *TLSOptions) { o.Insecure, o.Authorities = true, nil }),
	} {
		accepting := start(func() Conn { return acceptFrom(t, l.Listener) })
		c, err := Dial(t.Context(), l.Address(), DialOptions{TLS: o})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		c.Close()
		result(t, "Accept", accepting)
	}
}

// Peers that know TLS, but not 1.3.
func TestTLSOfBefore(t *testing.T) {
	checkLeaks(t)
	l := listenOverTLS(t, mutual())
	stop := l.accepting(t)
	config := clientConfig(mutual())
	config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if c, err := tls.Dial("tcp", l.Address().HostPort(), config); err == nil {
		c.Close()
		t.Error("TLS 1.2 got in")
	}
	says(t, "the listener", result(t, "Refused", l.told), "TLS 1.3")
	stop()

	ln := tcpListener(t)
	config = serverConfig(mutual())
	config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	dialled := dialErr(t, ln, mutual())
	serving := tls.Server(acceptFar(t, ln), config)
	if err := serving.Handshake(); err == nil {
		t.Error("TLS 1.2 was taken")
	}
	says(t, "the dialler", result(t, "Dial", dialled), "TLS 1.3")
}

// dialErr dials beside the test what must not be connected to.
func dialErr(t *testing.T, ln net.Listener, o TLSOptions) <-chan error {
	t.Helper()
	a := addressOf(ln.Addr())
	a.scheme = TLS
	return start(func() error {
		c, err := Dial(t.Context(), a, DialOptions{TLS: o})
		if err == nil {
			c.Close()
		}
		return err
	})
}

// A peer without TLS learns from an alert, which no frame begins with, that it
// is wrong here.
func TestTLSListenerAndPlainDialler(t *testing.T) {
	for what, words := range map[string]string{
		"T\x00\x00\x00\x02{}":    "does not speak TLS; it has to connect to a tls: address",
		"GET / HTTP/1.0\r\n\r\n": "does not speak TLS",
		"":                       "in time",
	} {
		t.Run(what, func(t *testing.T) {
			checkLeaks(t)
			l := listenOverTLS(t, with(func(o *TLSOptions) { o.patience = 100 * time.Millisecond }))
			stop := l.accepting(t)
			far := connectTo(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Address().Port()})
			send(t, far, what)
			if got := readAll(t, far); got != string(plainAlert) {
				t.Errorf("the peer got %q", got)
			}
			says(t, "the listener", result(t, "Refused", l.told), words)
			stop()
		})
	}
}

func TestTLSDiallerAndPlainListener(t *testing.T) {
	for what, act := range map[string]func(far){
		"speaks": func(c far) { io.WriteString(c, "T\x00\x00\x00\x02{}") },
		"ends":   func(c far) { c.Close() },
		"resets": func(c far) {
			c.Read(make([]byte, 1)) // before, it would be connect(2) that fails
			reset(c)
		},
	} {
		t.Run(what, func(t *testing.T) {
			checkLeaks(t)
			ln := tcpListener(t)
			dialled := dialErr(t, ln, mutual())
			act(acceptFar(t, ln))
			says(t, "the dialler", result(t, "Dial", dialled), "TLS; is it a tcp: address?")
		})
	}
}

func TestTLSDiallerAndSilence(t *testing.T) {
	checkLeaks(t)
	ln := tcpListener(t)
	err := result(t, "Dial", dialErr(t, ln, with(func(o *TLSOptions) { o.patience = 20 * time.Millisecond })))
	if !isUnavailable(err) || !strings.Contains(err.Error(), "in time; does it speak TLS?") {
		t.Errorf("Dial: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("reason")
	a := addressOf(ln.Addr())
	a.scheme = TLS
	dialled := start(func() error {
		_, err := Dial(ctx, a, DialOptions{TLS: mutual()})
		return err
	})
	stillWaiting(t, "Dial", dialled)
	cancel(reason)
	if err := result(t, "Dial", dialled); err != reason {
		t.Errorf("Dial: %v", err)
	}
}

// Those who stall hold nobody up, and are gone when the listener is.
func TestTLSHandshakesStall(t *testing.T) {
	checkLeaks(t)
	l := listenOverTLS(t, mutual())
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Address().Port()}
	var stalled []net.Conn
	for i := range 20 {
		c := connectTo(t, at)
		send(t, c, "\x16\x03\x01\x02\x00"[:i%6]) // the header of a hello
		stalled = append(stalled, c)
	}
	l.servesNext(t)
	l.servesNext(t)
	if len(l.told) != 0 {
		t.Errorf("told %v", <-l.told)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for _, c := range stalled {
		c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, c); isTimeout(err) {
			t.Error("a stalled peer was left behind")
		}
	}
}

func TestTLSHandshakesAreLimited(t *testing.T) {
	checkLeaks(t)
	l := listenOverTLS(t, with(func(o *TLSOptions) { o.patience = 30 * time.Millisecond }))
	stop := l.accepting(t)
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Address().Port()}
	for _, part := range []string{"", "\x16", "\x16\x03\x01\x02\x00\x01"} {
		send(t, connectTo(t, at), part)
		says(t, "the listener", result(t, "Refused", l.told), "in time")
	}
	connectTo(t, at).Close()
	says(t, "the listener", result(t, "Refused", l.told), "before a word of TLS")
	stop()
}

func TestTLSAcceptEnds(t *testing.T) {
	checkLeaks(t)
	l := listenOverTLS(t, mutual())
	for range 3 {
		l.accepting(t)()
	}
	l.servesNext(t)
	accepting := start(acceptErr(context.Background(), l.Listener))
	stillWaiting(t, "Accept", accepting)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := result(t, "Accept", accepting); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
}

// A peer whose handshake is over and whom nobody has accepted yet.
func TestTLSCloseEndsWhoeverWaits(t *testing.T) {
	checkLeaks(t)
	l := listenOverTLS(t, mutual())
	h := l.source.(*handshakes)
	ctx, cancel := context.WithCancel(t.Context())
	receiving := start(func() error { return h.receive(ctx) })
	near := dialTLSTo(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Address().Port()})
	cancel()
	result(t, "receive", receiving)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := result(t, "Read", start(readErr(near))); err == nil || err == io.EOF {
		t.Errorf("Read: %v", err)
	}
}

func TestTLSAcceptQueued(t *testing.T) {
	checkLeaks(t)
	l := listenOverTLS(t, mutual())
	if c, err := l.AcceptQueued(); c != nil || err != nil {
		t.Errorf("nobody is there: %v, %v", c, err)
	}
	bad := connectTo(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Address().Port()})
	send(t, bad, "no TLS")
	sent := start(func() error {
		c, err := Dial(t.Context(), l.Address(), DialOptions{TLS: mutual()})
		if err != nil {
			return err
		}
		io.WriteString(c, "last words")
		return c.Close()
	})
	var c Conn
	eventually(t, "the peer is accepted", func() (accepted bool) {
		var err error
		if c, err = l.AcceptQueued(); err != nil {
			t.Fatal(err)
		}
		return c != nil
	})
	defer c.Close()
	if err := result(t, "the peer", sent); err != nil {
		t.Error(err)
	}
	if got := readAll(t, c); got != "last words" {
		t.Errorf("got %q", got)
	}
	says(t, "the listener", result(t, "Refused", l.told), "does not speak TLS")
}

// cuts end the far end's stream without its close: between two records, and
// inside one.
var cuts = map[string]string{"": "between", "\x17\x03\x03": "in a header", "\x17\x03\x03\x00\x40half": "in a record"}

// TestTLSCut: crypto/tls itself takes the first of them for a clean end.
func TestTLSCut(t *testing.T) {
	for rest, where := range cuts {
		t.Run(where, func(t *testing.T) {
			eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
				send(t, far, "whole")
				tcpOf(far).Write([]byte(rest))
				tcpOf(far).CloseWrite()
				buf := make([]byte, 5)
				if _, err := io.ReadFull(near, buf); err != nil || string(buf) != "whole" {
					t.Errorf("%q, %v", buf, err)
				}
				for range 2 {
					if n, err := near.Read(buf); n != 0 || !isTLSError(err) || !errors.Is(err, ErrCut) {
						t.Errorf("Read: %d, %v", n, err)
					}
				}
			})
		})
	}
}

func TestTLSCutEachTime(t *testing.T) {
	times := 200 // over each of two transports
	if testing.Short() {
		times = 20
	}
	for name, ends := range transports {
		if !isTLS(name) {
			continue
		}
		for i := range times {
			near, far := ends(t)
			send(t, far, "whole")
			tcpOf(far).Close()
			if got, err := io.ReadAll(near); string(got) != "whole" || !errors.Is(err, ErrCut) {
				t.Fatalf("%s, time %d: %q, %v", name, i, got, err)
			}
			near.Close()
		}
	}
}

// What CloseRead ends was not cut.
func TestTLSCloseReadIsNoCut(t *testing.T) {
	for rest, where := range cuts {
		t.Run(where, func(t *testing.T) {
			eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
				tcpOf(far).Write([]byte(rest))
				read := start(readErr(near))
				stillWaiting(t, "Read", read)
				near.CloseRead()
				if err := result(t, "Read", read); err != io.EOF {
					t.Errorf("Read: %v", err)
				}
			})
		})
	}
}

func TestTLSForgery(t *testing.T) {
	eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
		tcpOf(far).Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("x", 32)))
		if err := result(t, "Read", start(readErr(near))); !isTLSError(err) || errors.Is(err, ErrCut) || !strings.HasSuffix(err.Error(), ": bad record MAC") {
			t.Errorf("Read: %v", err)
		}
	})
}

// The first Read after a reset says so, and the next one that the stream has
// ended, so that both are known: as without TLS.
func TestTLSReset(t *testing.T) {
	eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
		reset(far)
		first := result(t, "Read", start(readErr(near)))
		if second := readErr(near)(); first == nil || first == io.EOF || isTLSError(first) || second != io.EOF {
			t.Errorf("Read: %v, then %v", first, second)
		}
	})
}

// Also Close alone says goodbye, and Settle does.
func TestTLSGoodbye(t *testing.T) {
	for what, end := range map[string]func(Conn) error{
		"Close": Conn.Close,
		"Settle": func(c Conn) error {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			return c.Settle(ctx)
		},
		"CloseWrite": Conn.CloseWrite,
	} {
		t.Run(what, func(t *testing.T) {
			eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
				send(t, near, "last words")
				ended := start(func() error { return end(near) })
				if got := readAll(t, far); got != "last words" {
					t.Errorf("far got %q", got)
				}
				if err := result(t, what, ended); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// crypto/tls would give a slow peer five seconds to take what lies before the
// goodbye.
func TestTLSNoTimerDecides(t *testing.T) {
	eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
		w := near.(*secure).wire
		past := time.Unix(1, 0)
		w.SetDeadline(past)
		w.SetWriteDeadline(past)
		w.SetReadDeadline(past)
		send(t, far, "x")
		if err := readErr(near)(); err != nil {
			t.Error(err)
		}
		send(t, near, "y")
	})
}

// Close wakes a CloseWrite that waits for a peer that takes nothing.
func TestTLSCloseWakesCloseWrite(t *testing.T) {
	eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
		wrote := start(func() error {
			_, err := near.Write(make([]byte, 64<<20))
			return err
		})
		eventually(t, "the first bytes moved", func() bool { return near.Moved() > 1<<20 })
		ended := start(near.CloseWrite)
		stillWaiting(t, "CloseWrite", ended)
		near.Close()
		for what, c := range map[string]<-chan error{"Write": wrote, "CloseWrite": ended} {
			if err := result(t, what, c); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// A peer that says goodbye and leaves does not read ours. By that nothing is
// lost, in whichever order it comes about.
func TestTLSNobodyReadsOurGoodbye(t *testing.T) {
	for what, order := range map[string]func(leave, end func()){
		"left before": func(leave, end func()) { leave(); end() },
		"left after":  func(leave, end func()) { end(); leave() },
	} {
		t.Run(what, func(t *testing.T) {
			eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
				send(t, near, "read")
				if _, err := io.ReadFull(far, make([]byte, 4)); err != nil {
					t.Fatal(err)
				}
				send(t, far, "last words")
				order(func() { far.Close() }, func() {
					if err := near.CloseWrite(); err != nil {
						t.Errorf("CloseWrite: %v", err)
					}
				})
				if got := readAll(t, near); got != "last words" {
					t.Errorf("got %q", got)
				}
				if err := result(t, "AwaitHangup", start(near.AwaitHangup)); err != nil {
					t.Errorf("AwaitHangup: %v", err)
				}
				if err := near.Err(); err != nil {
					t.Errorf("Err: %v", err)
				}
				if err := near.Settle(t.Context()); err != nil {
					t.Errorf("Settle: %v", err)
				}
				if err := readErr(near)(); err != io.EOF {
					t.Errorf("Read: %v", err)
				}
			})
		})
	}
}

// What was written to a peer that had left is lost, whatever came after.
func TestTLSGoodbyeHidesNoLoss(t *testing.T) {
	eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
		far.Close()
		if err := readErr(near)(); err != io.EOF {
			t.Fatal(err)
		}
		send(t, near, "lost")
		near.CloseWrite()
		if err := result(t, "AwaitHangup", start(near.AwaitHangup)); err != nil {
			t.Errorf("AwaitHangup: %v", err)
		}
		if err := near.Err(); !isReset(err) {
			t.Errorf("Err: %v", err)
		}
	})
}

// A reset that Write was told of is one for Read too, and no cut.
func TestTLSResetSeenByWrite(t *testing.T) {
	eachTransport(t, isTLS, func(t *testing.T, near Conn, far far) {
		reset(far)
		if err := result(t, "AwaitHangup", start(near.AwaitHangup)); err != nil {
			t.Fatal(err)
		}
		if _, err := near.Write([]byte("x")); !isReset(err) {
			t.Errorf("Write: %v", err)
		}
		first, second := readErr(near)(), readErr(near)()
		if !errors.Is(first, syscall.ECONNRESET) || second != io.EOF {
			t.Errorf("Read: %v, then %v", first, second)
		}
	})
}
