//go:build linux || darwin

package relay

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func (s *service) awaitLines(want ...string) {
	s.t.Helper()
	eventually(s.t, "stdout holds "+strings.Join(want, "\n"), func() bool { return slices.Equal(s.out.lines(), want) })
}

func (g *guest) opened() string {
	return fmt.Sprintf(`{"conn":%d,"event":"open","peer":"%s","uid":%d}`, g.number, g.near.Address(), os.Getuid())
}

func TestEnvelopeEvents(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{envelope: true})
	g := s.join(unixTransport())
	s.awaitLines(g.opened())
	g.send("{\n \"a\": 1}", "not JSON")
	s.say(`{"conn":1,"message":{"b": 2}} {"conn":1,"base64":"bm8="}` + "\n")
	for _, want := range []string{`{"b": 2}`, "no"} {
		if got := g.receive(); got != want {
			t.Errorf("the peer got %s, want %s", got, want)
		}
	}
	g.Close()
	g.leaves(clean)
	s.awaitLines(g.opened(), `{"conn":1,"message":{"a":1}}`, `{"conn":1,"base64":"bm90IEpTT04="}`,
		`{"conn":1,"event":"close","received":2,"sent":2}`)
}

// TestEnvelopeOverTCP: nobody knows the uid there.
func TestEnvelopeOverTCP(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{envelope: true})
	near, far := openNet(t, "tcp4", "127.0.0.1:0")
	s.admit(near, far)
	s.awaitLines(fmt.Sprintf(`{"conn":1,"event":"open","peer":"%s"}`, near.Address()))
}

func TestEnvelopeRoutes(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{envelope: true})
	guests := s.joinAll(unixTransport(), 3)
	s.say(`{"conn":2,"message":"for 2"}{"message":"for all"}{"conn":9,"message":1}{"conn":1,"close":true}{"message":"for those who stay"}`)
	guests[0].expect(`"for all"`)
	guests[0].leaves(clean)
	s.reports("there is no connection 9")
	for i, g := range guests[1:] {
		want := []string{`"for all"`, `"for those who stay"`}
		if i == 0 {
			want = append([]string{`"for 2"`}, want...)
		}
		for _, w := range want {
			if got := g.receive(); got != w {
				t.Errorf("connection %d got %s, want %s", g.number, got, w)
			}
		}
	}
	s.say(`{"conn":1,"message":"too late"}`)
	s.reports("there is no connection 1")
}

// TestAnswerToOpen: whoever hears that a peer has come can send to it.
func TestAnswerToOpen(t *testing.T) {
	checkLeaks(t)
	told := make(chan string)
	s := serve(t, serviceSetup{envelope: true, stdout: teller(told)})
	for n := 1; n <= 20; n++ {
		g := s.join(unixTransport())
		<-told
		s.say(fmt.Sprintf(`{"conn":%d,"message":"welcome"}`, n))
		if got := g.receive(); got != `"welcome"` {
			t.Fatalf("the peer got %s", got)
		}
	}
	go func() {
		for range told { // what is told of the ends
		}
	}()
	t.Cleanup(func() {
		s.end(os.ErrClosed)
		s.joins.Wait()
		close(told)
	})
}

type teller chan string

func (c teller) Write(p []byte) (int, error) {
	c <- string(p)
	return len(p), nil
}

// TestCloseAfterAFailedWrite: a peer that does not read any more, but talks,
// is closed all the same.
func TestCloseAfterAFailedWrite(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{envelope: true})
	g := s.join(unixTransport())
	s.awaitMembers(1)
	g.Conn.(interface{ CloseRead() error }).CloseRead()
	s.say(`{"conn":1,"message":1}`)
	within(t, "nothing more is written", s.hub.member(1).written)
	s.say(`{"conn":1,"message":2}`)
	s.reports("connection 1 is at its end")
	s.say(`{"conn":1,"close":true}`)
	g.leaves(broken)
	s.awaitLines(g.opened(), `{"conn":1,"event":"close","received":0,"sent":0}`)
}

// TestCloseOfAStalledPeer: the rest of the input does not wait for ever.
func TestCloseOfAStalledPeer(t *testing.T) {
	checkLeaks(t)
	s := serve(t, serviceSetup{envelope: true, HubOptions: HubOptions{StallTimeout: 2 * time.Second}})
	guests := s.joinAll(unixTransport(), 2)
	beside(t, func() {
		for range 100 {
			s.say(fmt.Sprintf(`{"conn":1,"message":"%s"}`, strings.Repeat("x", 50_000)))
		}
		s.say(`{"conn":2,"message":"at last"}`)
	})
	if got := guests[1].receive(); got != `"at last"` {
		t.Errorf("the other one got %s", got)
	}
	within(t, "the peer has left", guests[0].gone)
	if !is[*stallError](guests[0].err) {
		t.Errorf("it left with %v", guests[0].err)
	}
}
