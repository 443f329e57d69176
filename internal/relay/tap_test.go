//go:build linux || darwin

package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
)

// A log keeps what taps see, or fails when it is full.
type log struct {
	mu   sync.Mutex
	seen []string
	room int
}

var errFull = errors.New("the log is full")

func (l *log) taps(number int64) Taps {
	tap := func(direction string) Tap {
		return func(payload []byte) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			if len(l.seen) == l.room {
				return errFull
			}
			l.seen = append(l.seen, fmt.Sprintf("%d %s %s", number, direction, payload))
			return nil
		}
	}
	return Taps{Sent: tap("<"), Received: tap(">")}
}

// holds compares what was seen, in whatever order connections took.
func (l *log) holds(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	got := slices.Clone(l.seen)
	slices.SortStableFunc(got, func(a, b string) int { return int(a[0]) - int(b[0]) })
	if !slices.Equal(got, want) {
		t.Errorf("seen: %q, want %q", got, want)
	}
}

func TestHubTaps(t *testing.T) {
	checkLeaks(t)
	l := &log{room: -1}
	s := serve(t, serviceSetup{HubOptions: HubOptions{Taps: l.taps}})
	guests := s.joinAll(unixTransport(), 2)
	s.say("to all\n")
	for i, g := range guests {
		if got := g.receive(); got != "to all" {
			t.Errorf("got %q", got)
		}
		g.send(fmt.Sprint("from ", i+1), "")
		g.Close()
		g.leaves(clean)
		if want := (Result{Sent: 1, SentBytes: 6, Received: 2, ReceivedBytes: 6}); g.result != want {
			t.Errorf("got %+v, want %+v", g.result, want)
		}
	}
	l.holds(t, "1 < to all", "1 > from 1", "1 > ", "2 < to all", "2 > from 2", "2 > ")
}

// TestEnvelopeTaps see payloads, not envelopes.
func TestEnvelopeTaps(t *testing.T) {
	checkLeaks(t)
	l := &log{room: -1}
	s := serve(t, serviceSetup{envelope: true, HubOptions: HubOptions{Taps: l.taps}})
	guests := s.joinAll(unixTransport(), 2)
	s.say(`{"conn":2,"message":"for 2"}{"message":1}{"conn":9,"message":2}{"conn":2,"close":true}`)
	guests[1].expect(`"for 2"`, "1")
	guests[1].leaves(clean)
	guests[0].send("[]")
	guests[0].halfClose()
	eventually(t, "it is received", func() bool { return len(s.out.lines()) == 4 })
	l.holds(t, "1 < 1", "1 > []", `2 < "for 2"`, "2 < 1")
}

func TestGreetingIsTapped(t *testing.T) {
	checkLeaks(t)
	l := &log{room: -1}
	s := serve(t, serviceSetup{payloads: []string{"hello", "again"}, HubOptions: HubOptions{Taps: l.taps}})
	g := s.join(unixTransport())
	g.expect("hello", "again")
	l.holds(t, "1 < hello", "1 < again")
}

// TestTapEndsTheService, whichever direction it watches.
func TestTapEndsTheService(t *testing.T) {
	for name, do := range map[string]func(*service, *guest){
		"sent":     func(s *service, _ *guest) { s.say("1\n2\n") },
		"received": func(_ *service, g *guest) { g.send("1", "2") },
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			s := serve(t, serviceSetup{HubOptions: HubOptions{Taps: (&log{room: 1}).taps}})
			g := s.joinAll(unixTransport(), 1)[0]
			do(s, g)
			if err := s.wait(); err != errFull {
				t.Errorf("ended with %v", err)
			}
			g.leaves(clean)
		})
	}
}

func TestEachTaps(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		l := &log{room: -1}
		e := beginEach(t, tr, twice, EachOptions{Taps: l.taps(1)})
		e.peer.send("a", "no", "", "b")
		e.peer.halfClose()
		e.peer.expect("a", "a!", "b", "b!")
		e.ends(clean)
		l.holds(t, "1 > a", "1 < a", "1 < a!", "1 > no", "1 > ", "1 > b", "1 < b", "1 < b!")
	})
}

func TestTapEndsEach(t *testing.T) {
	for room := range 2 {
		e := beginEach(t, unixTransport(), twice, EachOptions{Taps: (&log{room: room}).taps(1)})
		e.peer.send("a")
		within(t, "it has ended", e.done)
		if e.err != errFull {
			t.Errorf("room for %d: ended with %v", room, e.err)
		}
	}
}

// TestTapEndsTheConversation before the message goes on that it refused.
func TestTapEndsTheConversation(t *testing.T) {
	near, _ := Memory([][]byte{[]byte("a"), []byte("b")}, 100)
	far, kept := Memory(nil, 100)
	near.Tap = (&log{room: 1}).taps(1).Sent
	if _, err := Run(context.Background(), near, far, Options{Linger: Forever}); err != errFull {
		t.Errorf("ended with %v", err)
	}
	if got := kept(); len(got) != 1 || string(got[0]) != "a" {
		t.Errorf("the other end was given %q", got)
	}
}
