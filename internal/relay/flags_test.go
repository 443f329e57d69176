//go:build linux || darwin

package relay

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"ductworks/internal/duct"
)

// TestCount: it is reached, or missed, beside each of the other ways to end.
func TestCount(t *testing.T) {
	ways := map[string]setup{
		"send only":   {Options: Options{EndWithFirst: true}},
		"recv only":   {Options: Options{EndWithSecond: true}, payloads: []string{}, stayOpen: true},
		"no shutdown": {stayOpen: true},
		"exit on end": {Options: Options{EndWithFirst: true, EndWithSecond: true}},
		"alone":       {},
		"exact":       {exact: true, stayOpen: true},
	}
	overEach(t, func(t *testing.T, tr transport) {
		for name, s := range ways {
			s.Count = 2
			t.Run(name+", reached", func(t *testing.T) {
				k := begin(t, tr, s)
				k.peer.send("1", "2", "3")
				k.comesTo(clean)
				k.shows("1", "2")
				if k.result.Received != 2 {
					t.Errorf("received %d", k.result.Received)
				}
			})
			t.Run(name+", missed", func(t *testing.T) {
				k := begin(t, tr, s)
				k.peer.send("1")
				k.peer.halfClose()
				k.comesTo(missed)
				k.shows("1")
				if e, ok := k.err.(*CountError); ok && *e != (CountError{Got: 1, Want: 2}) {
					t.Errorf("counted %+v", *e)
				}
			})
		}
	})
}

// TestCountAfterStdin: where the end of stdin ends it, no count is missed,
// since the peer has not ended.
func TestCountAfterStdin(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stdin: tempFile(t, "1\n"), Options: Options{Count: 2, EndWithFirst: true}})
		if got := k.peer.receive(); got != "1" {
			t.Errorf("the peer has %q", got)
		}
		k.peer.expect()
		k.comesTo(clean)
	})
}

// TestCountTakesNoMore: what follows is left for whoever holds the socket next.
func TestCountTakesNoMore(t *testing.T) {
	near, far := openInherited(t)
	far.send("1", "2", "3", "4")
	next := beginCounted(t, near, far, "1")
	for _, want := range []string{"2", "3"} {
		next = beginCounted(t, next, far, want)
	}
	far.send("5")
	beginCounted(t, beginCounted(t, next, far, "4"), far, "5")
}

// TestCountWithAPeerThatFloods: it reads nothing before it has sent all, and
// what it is still to be given does not wait for that in vain.
func TestCountWithAPeerThatFloods(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		large := manyBytes(16 << 20)
		k := begin(t, tr, setup{payloads: []string{large}, Options: Options{Count: 1}})
		k.peer.send("1", large)
		k.peer.expect(large)
		k.comesTo(clean)
	})
}

// TestCountSendsAllMessages: however early the answer comes.
func TestCountSendsAllMessages(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		near, far := tr.open(t)
		far.send("early")
		k := beginWith(t, near, far, setup{payloads: []string{"1", "2", "3"}, Options: Options{Count: 1}})
		k.comesTo(clean)
		far.expect("1", "2", "3")
		k.shows("early")
	})
}

// TestCountFinishesWhatIsUnderWay: a message that the peer has part of goes on
// to its end.
func TestCountFinishesWhatIsUnderWay(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		large := manyBytes(8 << 20)
		k := begin(t, tr, setup{format: "whole", stdin: tempFile(t, large), Options: Options{Count: 1}})
		k.peer.awaitData()
		k.peer.send("2")
		eventually(t, "the answer has been printed", func() bool { return k.out.String() == "2" })
		k.peer.expect(large)
		k.comesTo(clean)
	})
}

// TestCountWithHangupMidway: nobody waits for the rest of a message of which
// the peer has part, once the peer is gone.
func TestCountWithHangupMidway(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		if !tr.hangsUp {
			t.Skip("its peer does not hang up")
		}
		k := begin(t, tr, setup{format: "frame", Options: Options{Count: 1}})
		large := framed(manyBytes(2 << 20))
		beside(t, func() { k.stdin.WriteString(large[:3<<19]) })
		readFull(t, k.peer, 3<<19)
		k.peer.send("2")
		eventually(t, "the answer has been printed", func() bool { return k.out.String() == framed("2") })
		k.goesOn()
		k.peer.Close()
		k.comesTo(broken)
	})
}

// TestLingerWaitsForThePeer until it ends, if that is sooner.
func TestLingerWaitsForThePeer(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stdin: tempFile(t, "1\n"), Options: Options{Linger: patience * 10}})
		k.peer.expect("1")
		k.peer.send("2")
		k.peer.Close()
		k.comesTo(clean)
		k.shows("2")
	})
}

// TestLingerEnds although the peer does not.
func TestLingerEnds(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stdin: tempFile(t, "1\n"), Options: Options{Linger: short}})
		k.peer.expect("1")
		k.comesTo(clean)
	})
}

// TestLingerAfterLoss: what is known to be lost is no success.
func TestLingerAfterLoss(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stdin: tempFile(t, "1\n"), Options: Options{Linger: patience * 10}})
		k.peer.reset()
		k.comesTo(broken)
	})
}

// TestEndWithFirst: over once everything has been sent, whatever the peer does.
func TestEndWithFirst(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{Options: Options{EndWithFirst: true}})
		k.peer.send("1")
		k.awaitShown("1")
		k.say("2", "3")
		k.stdin.Close()
		k.peer.expect("2", "3")
		k.comesTo(clean)
	})
}

// TestEndWithSecond: over once the peer has ended, stdin or no stdin.
func TestEndWithSecond(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{Options: Options{EndWithSecond: true}})
		k.say("1")
		if got := k.peer.receive(); got != "1" {
			t.Errorf("the peer has %q", got)
		}
		k.peer.send("2")
		k.peer.halfClose()
		k.comesTo(clean)
		k.shows("2")
		k.peer.expect()
	})
}

// TestStayOpen: the peer does not learn of the end of stdin.
func TestStayOpen(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stayOpen: true, stdin: tempFile(t, "1\n")})
		if got := k.peer.receive(); got != "1" {
			t.Errorf("the peer has %q", got)
		}
		k.peer.send("2")
		k.awaitShown("2")
		k.goesOn()
		k.peer.halfClose()
		k.comesTo(clean)
		k.peer.expect()
	})
}

// TestContextEndsIt with its cause, whatever is under way.
func TestContextEndsIt(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		for name, s := range map[string]setup{
			"waiting": {},
			"sending": {stdin: tempFile(t, recorded(manyLines...))},
		} {
			t.Run(name, func(t *testing.T) {
				k := begin(t, tr, s)
				k.peer.send("1")
				k.awaitShown("1")
				k.end(&TimeoutError{What: "nothing"})
				k.comesTo(idle)
			})
		}
	})
}

// beginCounted has a conversation of one message over a duplicate of the
// socket, as one of many processes that share it, and gives the duplicate for
// the next.
func beginCounted(t *testing.T, near duct.Conn, far *peer, want string) duct.Conn {
	t.Helper()
	next := duplicate(t, near)
	k := beginWith(t, near, nil, setup{exact: true, stayOpen: true, Options: Options{Count: 1}, payloads: []string{"m"}})
	k.comesTo(clean)
	k.shows(want)
	if got := far.receive(); got != "m" {
		t.Errorf("the peer has %q", got)
	}
	return next
}

// duplicate gives another descriptor of the same socket.
func duplicate(t *testing.T, c duct.Conn) duct.Conn {
	t.Helper()
	var n int
	if _, err := fmt.Sscanf(c.Address().String(), "fd:%d", &n); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Dup(n)
	if err != nil {
		t.Fatal(err)
	}
	return dial(t, fmt.Sprintf("fd:%d", fd))
}
