//go:build linux || darwin

package relay

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"ductworks/internal/frame"
)

// A pairing is a conversation under test between two peers.
type pairing struct {
	t             testing.TB
	first, second *peer
	ended         chan struct{}
	result        Result
	err           error
}

func beginPair(t testing.TB, a, b transport) *pairing {
	t.Helper()
	k := &pairing{t: t, ended: make(chan struct{})}
	o := DuctOptions{Limit: frame.MaxPayload, Stream: true}
	near1, first := a.open(t)
	near2, second := b.open(t)
	k.first, k.second = first, second
	ctx, cancel := context.WithCancelCause(context.Background())
	start := sync.OnceFunc(func() {
		go func() {
			defer close(k.ended)
			k.result, k.err = Run(ctx, Duct(near1, o), Duct(near2, o), Options{Linger: Forever})
		}()
	})
	t.Cleanup(func() {
		cancel(errors.New("the test is over"))
		within(t, "the conversation has ended", k.ended)
		first.Close()
		second.Close()
	})
	start()
	return k
}

func (k *pairing) comesTo(want verdict) {
	k.t.Helper()
	within(k.t, "the conversation has ended", k.ended)
	if got := judge(k.err); got != want {
		k.t.Errorf("ended as %q (%v), want %q", got, k.err, want)
	}
}

// overEachPair runs f over each two transports. An abstract socket is a Unix
// socket here.
func overEachPair(t *testing.T, f func(t *testing.T, a, b transport)) {
	t.Helper()
	for _, a := range transports()[:3] {
		for _, b := range transports()[:3] {
			t.Run(a.name+" and "+b.name, func(t *testing.T) {
				checkLeaks(t)
				f(t, a, b)
			})
		}
	}
}

// TestPairPassesHalfCloses, each in its direction.
func TestPairPassesHalfCloses(t *testing.T) {
	overEachPair(t, func(t *testing.T, a, b transport) {
		k := beginPair(t, a, b)
		k.first.send("1", "")
		k.first.halfClose()
		k.second.expect("1", "")
		k.second.send("2")
		if got := k.first.receive(); got != "2" {
			t.Errorf("the first has %q", got)
		}
		k.second.send("3")
		k.second.halfClose()
		k.first.expect("3")
		k.comesTo(clean)
		if r := k.result; r.Sent != 2 || r.Received != 2 {
			t.Errorf("counted %d sent and %d received", r.Sent, r.Received)
		}
	})
}

// TestPairPassesHangups: who can tell that its peer is gone lets the other know.
func TestPairPassesHangups(t *testing.T) {
	overEachPair(t, func(t *testing.T, a, b transport) {
		if a.hangsUp {
			k := beginPair(t, a, b)
			k.first.send("1")
			k.first.Close()
			k.comesTo(clean)
			k.second.expect("1")
		}
		if b.hangsUp {
			k := beginPair(t, a, b)
			k.second.send("1")
			k.second.Close()
			k.comesTo(clean)
			k.first.expect("1")
		}
	})
}

// TestPairTriesWhatHasArrived for a peer that is gone.
func TestPairTriesWhatHasArrived(t *testing.T) {
	overEachPair(t, func(t *testing.T, a, b transport) {
		if !b.hangsUp {
			t.Skip("its peer does not hang up")
		}
		for range 20 {
			near1, first := a.open(t)
			near2, second := b.open(t)
			first.send("lost")
			second.Close()
			o := DuctOptions{Limit: frame.MaxPayload, Stream: true}
			r, err := Run(context.Background(), Duct(near1, o), Duct(near2, o), Options{Linger: Forever})
			if judge(err) != broken || r.Sent != 0 {
				t.Fatalf("%d sent, and %v", r.Sent, err)
			}
			first.Close()
		}
	})
}

// TestPairDropsHalfAFrameForNobody: it is the end of ours, not of the peer's making.
func TestPairDropsHalfAFrameForNobody(t *testing.T) {
	overEachPair(t, func(t *testing.T, a, b transport) {
		if !b.hangsUp {
			t.Skip("its peer does not hang up")
		}
		k := beginPair(t, a, b)
		k.first.send("1")
		k.first.write(halfFrame)
		if got := k.second.receive(); got != "1" {
			t.Errorf("the second has %q", got)
		}
		k.second.Close()
		k.comesTo(clean)
	})
}

// TestPairDoesNotCompleteTornFrames.
func TestPairDoesNotCompleteTornFrames(t *testing.T) {
	large := framed(manyBytes(2 << 20))[:3<<19]
	overEachPair(t, func(t *testing.T, a, b transport) {
		k := beginPair(t, a, b)
		k.first.send("1")
		k.first.write(halfFrame)
		k.first.Close()
		k.comesTo(torn)
		k.second.expect("1")

		k = beginPair(t, a, b)
		beside(t, func() {
			k.second.send("1")
			k.second.write(large)
			k.second.Close()
		})
		got, err := k.first.drain()
		if !is[*frame.TornError](err) || !slices.Equal(got, []string{"1"}) {
			t.Errorf("the first has %s and %v", brief(got), err)
		}
		k.comesTo(torn)
	})
}

// TestPairForwardsLargePayloads, both of which are sent before either is read.
func TestPairForwardsLargePayloads(t *testing.T) {
	large := manyBytes(3 << 20)
	there, back := []string{"1", large, "2", large[1:], ""}, []string{large, large[:streamAbove+1], "3"}
	overEachPair(t, func(t *testing.T, a, b transport) {
		k := beginPair(t, a, b)
		for _, end := range []struct {
			*peer
			says, hears []string
		}{{k.first, there, back}, {k.second, back, there}} {
			beside(t, func() {
				end.send(end.says...)
				end.halfClose()
			})
			beside(t, func() { end.expect(end.hears...) })
		}
		k.comesTo(clean)
	})
}

// TestPairBlamesTheEndThatBroke, and counts what was written to that.
func TestPairBlamesTheEndThatBroke(t *testing.T) {
	overEachPair(t, func(t *testing.T, a, b transport) {
		k := beginPair(t, a, b)
		k.first.send("1")
		if got := k.second.receive(); got != "1" {
			t.Errorf("the second has %q", got)
		}
		k.second.send("2")
		readFull(t, k.first, len(framed("2")))
		k.second.send("3", "4")
		k.first.awaitData()
		io.WriteString(k.second, "") // nothing more is under way
		k.first.reset()
		k.comesTo(broken)
		if e, ok := k.err.(*BrokenError); ok && (!e.Duct || e.Written != 3) {
			t.Errorf("says %v", e)
		}
		k.second.expect()
	})
}

// TestPairWhoseFirstLeaves once it has its answer: the second, which says its
// goodbye after that, has lost nothing.
func TestPairWhoseFirstLeaves(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		if !tr.hangsUp {
			t.Skip("the pair learns of it with the second's end")
		}
		k := beginPair(t, tr, transport{"tls", false, openTLS})
		k.first.send("ask")
		if got := k.second.receive(); got != "ask" {
			t.Errorf("the second has %q", got)
		}
		k.second.send("answer")
		if got := k.first.receive(); got != "answer" {
			t.Errorf("the first has %q", got)
		}
		k.first.Close()
		k.second.expect()
		k.second.Close()
		k.comesTo(clean)
	})
}
