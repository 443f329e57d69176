//go:build linux || darwin

package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// An answering is Each under test.
type answering struct {
	t          testing.TB
	peer       *peer
	stop, kill func()

	done   chan struct{}
	result Result
	err    error

	mu     sync.Mutex
	failed []string
}

func beginEach(t testing.TB, tr transport, answer Answer, o EachOptions) *answering {
	t.Helper()
	near, far := tr.open(t)
	return beginEachWith(t, near, far, answer, o)
}

func beginEachWith(t testing.TB, near duct.Conn, far *peer, answer Answer, o EachOptions) *answering {
	e := &answering{t: t, peer: far, done: make(chan struct{})}
	kill, killNow := context.WithCancelCause(context.Background())
	stop, stopNow := context.WithCancel(kill)
	e.stop, e.kill = stopNow, func() { killNow(io.ErrClosedPipe) }
	if o.Limit == 0 {
		o.Limit = frame.MaxPayload
	}
	o.Failed = func(number int64, err error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.failed = append(e.failed, fmt.Sprintf("%d %v", number, err))
	}
	go func() {
		defer close(e.done)
		e.result, e.err = Each(kill, stop, near, answer, o)
	}()
	t.Cleanup(func() {
		e.kill()
		<-e.done
	})
	return e
}

func (e *answering) ends(want verdict) {
	e.t.Helper()
	within(e.t, "all is answered", e.done)
	if got := judge(e.err); got != want {
		e.t.Errorf("ended as %q (%v), want %q", got, e.err, want)
	}
}

// twice answers each message with two, none for an empty one, and fails for "no".
func twice(_ context.Context, payload []byte) ([][]byte, error) {
	switch string(payload) {
	case "":
		return nil, nil
	case "no":
		return nil, errors.New("it says no")
	}
	return [][]byte{slices.Clone(payload), append(slices.Clone(payload), '!')}, nil
}

func TestEachAnswersInOrder(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		e := beginEach(t, tr, twice, EachOptions{})
		var want []string
		for i := range 100 {
			m := fmt.Sprint(i)
			e.peer.send(m)
			want = append(want, m, m+"!")
		}
		e.peer.send("", "no", "last")
		e.peer.halfClose()
		e.peer.expect(append(want, "last", "last!")...)
		e.ends(clean)
		if !slices.Equal(e.failed, []string{"102 it says no"}) {
			t.Errorf("failed: %q", e.failed)
		}
		if want := (Result{Sent: 202, SentBytes: 489, Received: 103, ReceivedBytes: 196}); e.result != want {
			t.Errorf("got %+v, want %+v", e.result, want)
		}
	})
}

// TestEachDoesNotHoldBack a reply until there are more of them.
func TestEachDoesNotHoldBack(t *testing.T) {
	checkLeaks(t)
	e := beginEach(t, unixTransport(), twice, EachOptions{})
	for i := range 10 {
		e.peer.send(fmt.Sprint(i))
		if got := e.peer.receive() + e.peer.receive(); got != fmt.Sprintf("%d%d!", i, i) {
			t.Errorf("got %q", got)
		}
	}
}

// TestEachAnswersBeforeAFault: what stands in front of it, in the same packet.
func TestEachAnswersBeforeAFault(t *testing.T) {
	for name, c := range map[string]struct {
		fault string
		end   func(error) bool
	}{
		"torn": {halfFrame, is[*frame.TornError]},
		"HTTP": {"GET / HTTP/1.1", is[*frame.MagicError]},
		"size": {"T\xff\xff\xff\xff", is[*frame.SizeError]},
	} {
		overEach(t, func(t *testing.T, tr transport) {
			e := beginEach(t, tr, twice, EachOptions{Limit: 100})
			e.peer.write(framed("a") + c.fault)
			e.peer.halfClose()
			if got := e.peer.receive() + e.peer.receive(); got != "aa!" {
				t.Errorf("%s: got %q", name, got)
			}
			within(t, "it has ended", e.done)
			if !c.end(e.err) {
				t.Errorf("%s: ended with %v", name, e.err)
			}
		})
	}
}

// TestEachStops: what runs and what has arrived is answered, then it is over.
func TestEachStops(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		asked, goOn := make(chan struct{}, 10), make(chan struct{})
		e := beginEach(t, tr, func(ctx context.Context, p []byte) ([][]byte, error) {
			asked <- struct{}{}
			<-goOn
			return twice(ctx, p)
		}, EachOptions{})
		e.peer.send("a", "b")
		e.peer.write(halfFrame)
		<-asked
		e.stop()
		close(goOn)
		e.peer.expect("a", "a!", "b", "b!")
		e.ends(clean)
	})
}

// TestEachIsKilled also where an answer is under way, and where the peer takes none.
func TestEachIsKilled(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		asked := make(chan struct{})
		e := beginEach(t, tr, func(ctx context.Context, _ []byte) ([][]byte, error) {
			close(asked)
			<-ctx.Done()
			return nil, ctx.Err()
		}, EachOptions{})
		e.peer.send("a")
		<-asked
		e.kill()
		e.ends(verdict(io.ErrClosedPipe.Error()))
	})
}

// TestEachOfAStalledPeer is closed when it takes no byte of the replies.
func TestEachOfAStalledPeer(t *testing.T) {
	checkLeaks(t)
	large := []byte(strings.Repeat("x", 8<<20))
	e := beginEach(t, unixTransport(), func(context.Context, []byte) ([][]byte, error) {
		return [][]byte{large}, nil
	}, EachOptions{StallTimeout: time.Second})
	e.peer.send("a")
	within(t, "it has ended", e.done)
	if !is[*stallError](e.err) {
		t.Errorf("ended with %v", e.err)
	}
}

// TestEachWaitsLongForAnAnswer: neither the peer is idle then, nor stalled.
func TestEachWaitsLongForAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := newFakeConn(1000)
		answer := func(ctx context.Context, p []byte) ([][]byte, error) {
			time.Sleep(time.Hour)
			return twice(ctx, p)
		}
		e := beginEachWith(t, conn, nil, answer, EachOptions{IdleTimeout: 8 * second, StallTimeout: second})
		conn.in <- []byte(framed("a"))
		began := time.Now()
		<-e.done
		e.ends(idle)
		if took := time.Since(began); took < time.Hour+8*second || e.result.Sent != 2 {
			t.Errorf("ended after %v with %+v", took, e.result)
		}
	})
}

// TestEachAdmits so many messages, and answers no other.
func TestEachAdmits(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		n := 0
		e := beginEach(t, tr, twice, EachOptions{Admit: func() bool { n++; return n <= 2 }})
		e.peer.send("a", "b", "c", "d")
		e.peer.expect("a", "a!", "b", "b!")
		e.ends(clean)
		if e.result.Received != 2 {
			t.Errorf("%d messages answered", e.result.Received)
		}
	})
}
