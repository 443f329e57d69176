//go:build linux || darwin

package relay

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ductworks/internal/frame"
)

// A timed conversation runs in a bubble of testing/synctest, where a clock
// stands still until everybody waits.
type timed struct {
	conn  *fakeConn
	stdin *io.PipeWriter
	out   *output
	done  chan error
	began time.Time
}

// beginTimed has to be called in a bubble.
func beginTimed(ctx context.Context, t *testing.T, conn *fakeConn, o Options) *timed {
	r, w := io.Pipe()
	k := &timed{conn: conn, stdin: w, out: &output{}, done: make(chan error, 1), began: time.Now()}
	f := findFormat(t, "raw")
	fo := setupOptions()
	first := Records(Input{Name: "stdin", Reader: r, Format: f},
		Output{Name: "stdout", Writer: k.out, Format: f, Encoder: f.NewEncoder(fo)}, fo)
	go func() {
		_, err := Run(ctx, first, Duct(conn, DuctOptions{Limit: frame.MaxPayload}), o)
		k.done <- err
		r.Close()
	}()
	return k
}

const second = time.Second

func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := beginTimed(t.Context(), t, newFakeConn(0), Options{Linger: Forever, IdleTimeout: 8 * second})
		err := <-k.done
		if e, ok := err.(*TimeoutError); !ok || e.After != 8*second {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(k.began); took < 8*second || took > 9*second {
			t.Errorf("ended after %v", took)
		}
	})
}

// TestIdleTimeoutCountsBytes: a message that comes slowly is no silence.
func TestIdleTimeoutCountsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := beginTimed(t.Context(), t, newFakeConn(0), Options{Linger: Forever, IdleTimeout: 8 * second})
		slow := framed(strings.Repeat("x", 50))
		for i := range len(slow) {
			time.Sleep(7 * second)
			k.conn.in <- []byte(slow[i : i+1])
		}
		if took := time.Since(k.began); judge(<-k.done) != idle || time.Since(k.began)-took < 7*second {
			t.Error("ended too early")
		}
		if got := k.out.String(); got != strings.Repeat("x", 50)+"\n" {
			t.Errorf("stdout holds %q", got)
		}
	})
}

// TestIdleTimeoutAtTheEnd: it holds also while the last of it is under way.
func TestIdleTimeoutAtTheEnd(t *testing.T) {
	for name, room := range map[string]int64{"writing": 10, "settling": int64(len(framed("request")))} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := newFakeConn(room)
				conn.stall = true
				k := beginTimed(t.Context(), t, conn, Options{Linger: Forever, Count: 1, IdleTimeout: 8 * second})
				io.WriteString(k.stdin, "request\n")
				synctest.Wait()
				conn.in <- []byte(framed("answer"))
				if err := <-k.done; judge(err) != idle {
					t.Errorf("ended with %v", err)
				}
				if got := k.out.String(); got != "answer\n" {
					t.Errorf("stdout holds %q", got)
				}
			})
		})
	}
}

// TestNoIdleTimeout: without one, nobody looks at the clock.
func TestNoIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := beginTimed(t.Context(), t, newFakeConn(0), Options{Linger: Forever})
		time.Sleep(1000 * time.Hour)
		synctest.Wait()
		select {
		case err := <-k.done:
			t.Fatalf("ended with %v", err)
		default:
		}
		close(k.conn.in)
		k.stdin.Close()
		if err := <-k.done; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

// TestLingerIsExact: it begins with the end of stdin, and not before.
func TestLingerIsExact(t *testing.T) {
	for _, linger := range []time.Duration{0, 5 * second} {
		synctest.Test(t, func(t *testing.T) {
			k := beginTimed(t.Context(), t, newFakeConn(100), Options{Linger: linger})
			time.Sleep(100 * second)
			k.stdin.Close()
			closed := time.Now()
			if err := <-k.done; err != nil {
				t.Errorf("ended with %v", err)
			}
			if took := time.Since(closed); took != linger {
				t.Errorf("lingered for %v, want %v", took, linger)
			}
		})
	}
}

// TestLingerIsForThePeer: that the peer has ended limits nobody else.
func TestLingerIsForThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := beginTimed(t.Context(), t, newFakeConn(100), Options{Linger: 5 * second})
		close(k.conn.in)
		time.Sleep(100 * second)
		synctest.Wait()
		select {
		case err := <-k.done:
			t.Errorf("ended with %v", err)
		default:
			io.WriteString(k.stdin, "late\n")
			k.stdin.Close()
			if err := <-k.done; err != nil || k.conn.Moved() != int64(len(framed("late"))) {
				t.Errorf("%d bytes moved, and ended with %v", k.conn.Moved(), err)
			}
		}
	})
}

// TestDeadline: the context's cause is what the conversation ends with.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*second, &TimeoutError{What: "all of it", After: 5 * second})
		defer cancel()
		k := beginTimed(ctx, t, newFakeConn(0), Options{Linger: Forever, IdleTimeout: 10 * second})
		if e, ok := (<-k.done).(*TimeoutError); !ok || e.After != 5*second {
			t.Errorf("ended with %v", e)
		}
		if took := time.Since(k.began); took != 5*second {
			t.Errorf("ended after %v", took)
		}
	})
}

// TestStalledOutputIsGivenUp: where the end cannot wait, stdout gets its grace.
func TestStalledOutputIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stalled, stdout := io.Pipe()
		f := findFormat(t, "raw")
		fo := setupOptions()
		ctx, cancel := context.WithTimeout(t.Context(), 5*second)
		defer cancel()
		conn := newFakeConn(100)
		first := Records(Input{Name: "stdin", Format: f},
			Output{Name: "stdout", Writer: stdout, Format: f, Encoder: f.NewEncoder(fo)}, fo)
		began := time.Now()
		go func() { conn.in <- []byte(framed("1")) }()
		_, err := Run(ctx, first, Duct(conn, DuctOptions{Limit: 100}), Options{Linger: Forever})
		if err != context.DeadlineExceeded {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(began); took != 5*second+abortGrace {
			t.Errorf("ended after %v", took)
		}
		stalled.Close()
	})
}
