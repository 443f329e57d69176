//go:build linux || darwin

package relay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ductworks/internal/frame"
)

// TestCrowd: slow peers, peers that are killed in the middle of a frame and
// peers that speak something else do the others no harm.
func TestCrowd(t *testing.T) {
	checkLeaks(t)
	const each, count = 50, 100
	s := serve(t, serviceSetup{})
	text := func(g *guest, i int) string { return fmt.Sprintf("%d %d", g.number, i) }
	guests := s.joinAll(unixTransport(), 4*each)
	for i, g := range guests {
		beside(t, func() { behave(g, i%4, count, text) })
	}
	for i, g := range guests {
		if i%4 == 3 {
			g.leavesInDisgrace()
			continue
		}
		g.leaves([]verdict{clean, clean, torn}[i%4])
	}
	perPeer := map[string]int{}
	for _, line := range s.out.lines() {
		number, i, ok := strings.Cut(line, " ")
		if !ok || i != fmt.Sprint(perPeer[number]) {
			t.Fatalf("record %q after %d of this peer", line, perPeer[number])
		}
		perPeer[number]++
	}
	for i, g := range guests {
		want := []int{count, count, count / 2, 0}[i%4]
		if got := perPeer[fmt.Sprint(g.number)]; got != want {
			t.Errorf("connection %d, kind %d: %d messages, want %d", g.number, i%4, got, want)
		}
	}
	s.awaitMembers(0)
}

func (g *guest) leavesInDisgrace() {
	within(g.t, "the peer has left", g.gone)
	if !is[*frame.MagicError](g.err) {
		g.t.Errorf("connection %d ended with %v", g.number, g.err)
	}
}

// behave sends count messages fast, or byte by byte, or breaks off half-way
// with a half frame, or speaks HTTP.
func behave(g *guest, kind, count int, text func(*guest, int) string) {
	defer g.Close()
	for i := range count {
		switch m := framed(text(g, i)); {
		case kind == 0:
			g.write(m)
		case kind == 1:
			for b := range len(m) {
				g.write(m[b : b+1])
			}
		case kind == 2 && i == count/2:
			g.write(m[:len(m)-1])
			return
		case kind == 2:
			g.write(m)
		case kind == 3:
			io.WriteString(g.Conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			return
		}
	}
}

// TestBroadcast: all get all, however slow one is, and what they send is
// received meanwhile.
func TestBroadcast(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		if tr.name == "fd" {
			t.Skip("a listener accepts no such connection")
		}
		s := serve(t, serviceSetup{})
		guests := s.joinAll(tr, 3)
		slow, fast := guests[0], guests[1:]
		sent := beside(t, func() {
			s.say(recorded(manyLines...))
			s.stdin.Close()
		})
		for _, g := range fast {
			beside(t, func() { g.expect(manyLines...) })
		}
		eventually(t, "the slow one holds up the rest", func() bool { return s.waitsFor(slow) })
		for i, g := range guests {
			g.send(fmt.Sprint("from ", i))
		}
		eventually(t, "all are received from", func() bool { return len(s.out.lines()) == len(guests) })
		select {
		case <-sent:
			t.Error("the slow one did not set the pace")
		default:
		}
		slow.expect(manyLines...)
		<-sent
		for _, g := range guests {
			g.halfClose()
			g.leaves(clean)
		}
	})
}

// TestLargeBroadcast: payloads larger than a queue, and between small ones.
func TestLargeBroadcast(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{HubOptions: HubOptions{Limit: 8 << 20}})
	large := strings.Repeat("y", 5<<20)
	messages := []string{"a", large, "b", "c", large, strings.Repeat("z", queueSize-frame.HeaderSize), "", large}
	for _, g := range s.joinAll(unixTransport(), 3) {
		beside(t, func() {
			g.expect(messages...)
			g.halfClose()
			g.leaves(clean)
			if g.result.Sent != int64(len(messages)) {
				t.Errorf("%d messages counted", g.result.Sent)
			}
		})
	}
	s.say(recorded(messages...))
	s.stdin.Close()
}

// TestInputWaitsForAPeer: what is read before anybody is there would be lost.
func TestInputWaitsForAPeer(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{})
	s.say("1\n2\n")
	g := s.join(unixTransport())
	for _, want := range []string{"1", "2"} {
		if got := g.receive(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestEndOfInput half-closes all, and later peers at once. The service goes on.
func TestEndOfInput(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{})
	early := s.joinAll(unixTransport(), 2)
	s.say("last\n")
	s.stdin.Close()
	for _, g := range early {
		g.expect("last")
	}
	late := s.join(unixTransport())
	late.expect()
	for _, g := range append(early, late) {
		g.send("still heard")
		g.halfClose()
		g.leaves(clean)
	}
	if got := s.out.lines(); len(got) != 3 {
		t.Errorf("stdout holds %q", got)
	}
}

func TestServiceStaysOpen(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{HubOptions: HubOptions{StayOpen: true}})
	g := s.join(unixTransport())
	s.say("last\n")
	s.stdin.Close()
	g.receive()
	g.send("still heard")
	eventually(t, "it is heard", func() bool { return len(s.out.lines()) == 1 })
	g.SetReadDeadline(time.Now().Add(short))
	if _, err := g.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the peer reads %v", err)
	}
	g.Close()
	g.leaves(clean)
}

// TestGreeting: payloads in place of an input go to each, more of them than a
// queue would hold.
func TestGreetingOfAll(t *testing.T) {
	checkLeaks(t)
	large := strings.Repeat("x", 2*queueSize)
	s := serve(t, serviceSetup{payloads: []string{"hello", large, large}})
	for range 3 {
		g := s.join(unixTransport())
		g.expect("hello", large, large)
		g.halfClose()
		g.leaves(clean)
	}
}

// TestWrongInput ends sending and is what the service is remembered by, but it
// goes on.
func TestWrongInput(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{format: "json", HubOptions: HubOptions{Count: 2}})
	g := s.join(unixTransport())
	s.say("1 2\nthree\n4\n")
	g.expect("1", "2")
	s.reports("line 2")
	eventually(t, "nobody reads stdin", func() bool {
		_, err := s.stdin.WriteString("5\n")
		return errors.Is(err, syscall.EPIPE)
	})
	g.send("1", "2")
	if got := judge(s.wait()); got != badData {
		t.Errorf("ended as %q", got)
	}
}

// TestUnfit: what cannot be shown is reported with its peer and counted.
func TestUnfit(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{format: "json", HubOptions: HubOptions{Count: 3}})
	guests := s.joinAll(unixTransport(), 2)
	guests[0].send("1")
	eventually(t, "the first is there", func() bool { return len(s.out.lines()) == 1 })
	guests[1].send("2", "no")
	if got := judge(s.wait()); got != badData {
		t.Errorf("ended as %q", got)
	}
	s.reports("connection 2: message 2, of 2 bytes, cannot be shown as json")
}

// TestCount ends the service, whoever sends, at exactly that number. What was
// read before is sent.
func TestCountOfAll(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{HubOptions: HubOptions{Count: 100}})
	guests := s.joinAll(unixTransport(), 4)
	s.say("to all\n")
	for _, g := range guests {
		if got := g.receive(); got != "to all" {
			t.Errorf("got %q", got)
		}
		beside(t, func() { io.WriteString(g.Conn, framed(slices.Repeat([]string{"x"}, 50)...)) })
	}
	if err := s.wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	for _, g := range guests {
		g.expect()
		g.leaves(clean)
	}
	if got := len(s.out.lines()); got != 100 {
		t.Errorf("%d messages on stdout", got)
	}
}

// TestCountSendsWhatWasRead, though the peer is slow to take it.
func TestCountSendsWhatWasRead(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{HubOptions: HubOptions{Count: 1}})
	g := s.join(unixTransport())
	g.awaitQueueFull(s)
	g.send("enough")
	eventually(t, "the service is over", s.hub.isOver)
	got, err := g.drain()
	if err != nil || len(got) == 0 || !slices.Equal(got, manyLines[:len(got)]) {
		t.Errorf("%d messages, %v", len(got), err)
	}
	if err := s.wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	g.leaves(clean)
	if g.result.Sent != int64(len(got)) {
		t.Errorf("%d messages counted, %d received", g.result.Sent, len(got))
	}
}

// awaitQueueFull has all of manyLines on stdin, beside the test, and waits
// until the peer, which takes nothing, holds them up.
func (g *guest) awaitQueueFull(s *service) {
	g.t.Helper()
	beside(g.t, func() { io.WriteString(s.stdin, recorded(manyLines...)) })
	eventually(g.t, "the peer holds up the rest", func() bool { return s.waitsFor(g) })
}

// waitsFor says whether a peer that reads nothing is about to hold up the rest.
func (s *service) waitsFor(g *guest) bool {
	m := s.hub.member(g.number)
	return m != nil && m.queue.isBusy() && m.queue.messages() > 500
}

// TestStalledPeer is closed and reported, and the others get everything.
func TestStalledPeer(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		if tr.name == "fd" {
			t.Skip("a listener accepts no such connection")
		}
		// Long enough for the others not to look stalled on a busy machine.
		var told sync.Map
		s := serve(t, serviceSetup{HubOptions: HubOptions{
			StallTimeout: 2 * time.Second,
			Stalling:     func(n int64) { told.Store(n, true) },
		}})
		guests := s.joinAll(tr, 3)
		for _, g := range guests[1:] {
			beside(t, func() { g.expect(manyLines...) })
		}
		s.say(recorded(manyLines...))
		s.stdin.Close()
		within(t, "the peer has left", guests[0].gone)
		if !is[*stallError](guests[0].err) {
			t.Errorf("it left with %v", guests[0].err)
		}
		if _, ok := told.Load(guests[0].number); !ok {
			t.Error("nobody was told that it stalls")
		}
		for _, g := range guests[1:] {
			g.halfClose()
			g.leaves(clean)
		}
	})
}

// TestStalledOutput holds up what is received, and nothing else: not what is
// sent, not who comes, and not the end.
func TestStalledOutput(t *testing.T) {
	checkLeaks(t)
	r, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdout.Close() })
	s := serve(t, serviceSetup{stdout: stdout, envelope: true})
	loud := s.join(unixTransport())
	beside(t, func() { io.WriteString(loud, framed(slices.Repeat([]string{`"much"`}, 100_000)...)) })
	eventually(t, "stdout is full", func() bool { return readinessOf(r).now() && len(s.hub.writing) > 0 && s.standsStill() })
	late := s.join(unixTransport())
	s.awaitMembers(2)
	s.say(`{"message":"hello"}` + "\n")
	if got := late.receive(); got != `"hello"` {
		t.Errorf("the late one got %s", got)
	}
	s.end(io.ErrClosedPipe)
	if err := s.wait(); err != io.ErrClosedPipe {
		t.Errorf("ended with %v", err)
	}
	s.kill(io.ErrClosedPipe)
	within(t, "the late one has left", late.gone)
	within(t, "the loud one has left", loud.gone)
	loud.Close()
	r.Close() // sets free who is left behind in the write
}

// standsStill says that nothing has been received for a moment.
func (s *service) standsStill() bool {
	before := s.moved()
	time.Sleep(short)
	return s.moved() == before
}

func (s *service) moved() (n int64) {
	for _, m := range s.hub.appendAll(nil) {
		n += m.conn.Moved()
	}
	return n
}

// TestOutputBreaks ends the service, silently for all peers.
func TestOutputBreaks(t *testing.T) {
	checkLeaks(t)
	r, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	s := serve(t, serviceSetup{stdout: stdout})
	guests := s.joinAll(unixTransport(), 3)
	r.Close()
	guests[0].send("x")
	if err := s.wait(); err != ErrOutputClosed {
		t.Errorf("ended with %v", err)
	}
	for _, g := range guests {
		g.leaves(clean)
	}
}

// TestStopIsAtABoundary: at the end, what was written to the peers are whole
// messages, and peers that come later are turned away.
func TestStopIsAtABoundary(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{})
	g := s.join(unixTransport())
	g.awaitQueueFull(s)
	half := s.join(unixTransport())
	s.awaitMembers(2)
	half.write(halfFrame)
	s.end(io.ErrClosedPipe)
	if err := s.wait(); err != io.ErrClosedPipe {
		t.Errorf("ended with %v", err)
	}
	if _, err := g.drain(); err != nil {
		t.Errorf("the peer's stream ends with %v", err)
	}
	g.leaves(clean)
	half.leaves(clean)
	late := s.join(unixTransport())
	late.leaves(clean)
}

// TestSubscriberLeaves: one that has half-closed and is gone without a word.
func TestSubscriberLeaves(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{})
	guests := s.joinAll(unixTransport(), 20)
	for _, g := range guests {
		g.halfClose()
	}
	s.say("for all\n")
	for _, g := range guests {
		if got := g.receive(); got != "for all" {
			t.Errorf("got %q", got)
		}
	}
	for _, g := range guests {
		g.Close()
		g.leaves(clean)
	}
}

func TestIdlePeer(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{HubOptions: HubOptions{IdleTimeout: short}})
	g := s.join(unixTransport())
	g.leaves(idle)
	g.expect()
}
