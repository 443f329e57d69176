//go:build linux || darwin

package relay

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// heldSizes are about where a payload begins to be held, and where it begins to stream.
var heldSizes = []int{1, holdAbove, holdAbove + 1, 600_001, 0, streamAbove - 1, streamAbove, streamAbove + 1, 2}

// stdouts give a stdout that moves pages where it can, and what it was given once it is closed.
var stdouts = map[string]func(t *testing.T) (stdout *os.File, given func() string){
	"file": func(t *testing.T) (*os.File, func() string) {
		f := tempFile(t, "")
		return f, func() string { return contentOf(t, f) }
	},
	"pipe": func(t *testing.T) (*os.File, func() string) {
		r, w := blockingPipe(t)
		var all strings.Builder
		read := beside(t, func() { io.Copy(&all, r) })
		return w, func() string {
			w.Close()
			within(t, "stdout has been read", read)
			return all.String()
		}
	},
}

// overStdouts runs f over each kind of stdout and each transport.
func overStdouts(t *testing.T, f func(t *testing.T, tr transport, stdout *os.File, given func() string)) {
	overThree(t, func(t *testing.T, tr transport) {
		for name, open := range stdouts {
			t.Run(name, func(t *testing.T) {
				stdout, given := open(t)
				f(t, tr, stdout, given)
			})
		}
	})
}

// TestHeldMessages: in whatever pieces they come, more of them than a pipe takes.
func TestHeldMessages(t *testing.T) {
	var messages []string
	for _, size := range heldSizes {
		messages = append(messages, manyBytes(size))
	}
	stream := framed(messages...)
	for _, piece := range []int{len(stream), 100_000, 700} {
		overStdouts(t, func(t *testing.T, tr transport, stdout *os.File, given func() string) {
			k := begin(t, tr, setup{format: "frame", stdin: tempFile(t, ""), stdout: stdout})
			for left := stream; left != ""; {
				n := min(piece, len(left))
				k.peer.write(left[:n])
				left = left[n:]
			}
			k.peer.halfClose()
			k.comesTo(clean)
			if given() != stream {
				t.Error("stdout holds something else")
			}
		})
	}
}

// TestTornHeldMessage leaves nothing of itself on stdout, and what came before
// does not wait for it.
func TestTornHeldMessage(t *testing.T) {
	for name, leave := range map[string]func(p *peer){
		"half-closes": (*peer).halfClose,
		"closes":      func(p *peer) { p.Close() },
		"dies":        (*peer).die,
	} {
		t.Run(name, func(t *testing.T) {
			overStdouts(t, func(t *testing.T, tr transport, stdout *os.File, given func() string) {
				k := begin(t, tr, setup{format: "frame", stdout: stdout})
				io.WriteString(k.stdin, framed("left unread"))
				first, second := framed("first"), framed(manyBytes(600_000))
				k.peer.write(first + second[:300_000])
				k.awaitMoved(int64(len(first)) + 300_000)
				leave(k.peer)
				k.comesTo(torn)
				if got := given(); got != first {
					t.Errorf("stdout holds %d bytes", len(got))
				}
			})
		})
	}
}

// TestHeldMessageHoldsNothingBack that has come before it.
func TestHeldMessageHoldsNothingBack(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		r, stdout := blockingPipe(t)
		k := begin(t, tr, setup{format: "frame", stdout: stdout})
		first, second := framed("first"), framed(manyBytes(600_000))
		k.peer.write(first + second[:300_000])
		if got := readFull(t, r, len(first)); got != first {
			t.Errorf("stdout holds %q", got)
		}
		k.end(io.ErrClosedPipe) // in the middle of the second
		if err := k.wait(); err != io.ErrClosedPipe {
			t.Errorf("ended with %v", err)
		}
		stdout.Close()
		if rest, _ := io.ReadAll(r); len(rest) > 0 {
			t.Errorf("then come %d bytes", len(rest))
		}
	})
}

// TestStopWhileHolding: a lane that was told to stop passes nothing on.
func TestStopWhileHolding(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no splice(2)")
	}
	conn, peer := openUnix(t)
	defer conn.Close()
	r, stdout := blockingPipe(t)
	l := newLane(Duct(conn, DuctOptions{Limit: frame.MaxPayload, Stream: true}),
		Records(Input{}, Output{Writer: stdout, Encoder: findFormat(t, "frame").NewEncoder(setupOptions())}, setupOptions()))
	running := beside(t, l.run)
	message := framed(manyBytes(600_000))
	peer.write(message[:300_000])
	eventually(t, "half is held", func() bool { return conn.Moved() >= 300_000 && l.stop() })
	peer.write(message[300_000:])
	within(t, "the lane has ended", running)
	stdout.Close()
	if shown, _ := io.ReadAll(r); len(shown) > 0 || l.err != errStopped {
		t.Errorf("it passed %d bytes on and ended with %v", len(shown), l.err)
	}
}

// TestStdoutGoneWhileHolding is found when the message is whole.
func TestStdoutGoneWhileHolding(t *testing.T) {
	overThree(t, func(t *testing.T, tr transport) {
		r, stdout := blockingPipe(t)
		k := begin(t, tr, setup{format: "frame", stdout: stdout})
		message := framed(manyBytes(600_000))
		k.peer.write(message[:300_000])
		k.awaitMoved(300_000)
		r.Close()
		k.peer.write(message[300_000:])
		if err := k.wait(); !errors.Is(err, ErrOutputClosed) {
			t.Errorf("ended with %v", err)
		}
	})
}

// TestWhatIsHeld by the system: what goes from a socket to a pipe, and nothing
// that others look at or may be told of.
func TestWhatIsHeld(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no splice(2)")
	}
	unix, _ := openUnix(t)
	inherited, _ := openInherited(t)
	tls, _ := openTLS(t)
	_, pipe := blockingPipe(t)
	appending, err := os.OpenFile(tempFile(t, "").Name(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer appending.Close()
	tap := func([]byte) error { return nil }
	for name, c := range map[string]struct {
		conn      duct.Conn
		out       Output
		tap       Tap
		noStreams bool
		held      bool
	}{
		"unix to pipe":   {conn: unix, out: Output{Writer: pipe}, held: true},
		"unix to file":   {conn: unix, out: Output{Writer: tempFile(t, "")}, held: true},
		"appending":      {conn: unix, out: Output{Writer: appending}},
		"memory":         {conn: unix, out: Output{Writer: &output{}}},
		"nothing":        {conn: unix, out: Output{}},
		"a process":      {conn: unix, out: Output{Writer: pipe, Forgiving: true}},
		"watched":        {conn: unix, out: Output{Writer: pipe}, tap: tap},
		"whole messages": {conn: unix, out: Output{Writer: pipe}, noStreams: true},
		"tls":            {conn: tls, out: Output{Writer: pipe}},
		"inherited":      {conn: inherited, out: Output{Writer: pipe}},
		"not a socket":   {conn: newFakeConn(1), out: Output{Writer: pipe}},
	} {
		from := Duct(c.conn, DuctOptions{Limit: frame.MaxPayload, Stream: !c.noStreams})
		from.Tap = c.tap
		l := newLane(from, Records(Input{}, c.out, setupOptions()))
		if held := l.holder != nil; held != c.held {
			t.Errorf("%s: held %v", name, held)
		}
		l.giveBack()
	}
}
