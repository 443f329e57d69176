//go:build linux || darwin

package relay

import (
	"fmt"
	"io"
	"net"
	"testing"

	"ductworks/internal/duct"
)

// A proxy stands between a relay and its peer. It carries what the relay sends
// as it is, and of what the peer sends so many bytes until it interferes.
type proxy struct {
	relay *peer // our connection to the relay
	peer  net.Conn
	after int64
}

// newProxy gives a proxy on the connection to the relay, and the peer behind it.
func newProxy(t testing.TB, relay *peer, after int) (*proxy, *peer) {
	t.Helper()
	ours, theirs, err := duct.Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	near, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	far, err := net.FileConn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	return &proxy{relay, near, int64(after)}, newPeer(t, far)
}

// begin carries what the peer sends up to the point of interference.
func (p *proxy) begin() {
	if n, err := io.CopyN(p.relay, p.peer, p.after); n != p.after {
		p.relay.t.Errorf("the proxy carried %d of %d bytes: %v", n, p.after, err)
	}
}

// goOn carries the rest of what the peer sends, and its end.
func (p *proxy) goOn() {
	if _, err := io.Copy(p.relay, p.peer); err != nil {
		p.relay.t.Errorf("the proxy cannot go on: %v", err)
	}
	p.relay.halfClose()
}

// back carries what the relay sends until it ends.
func (p *proxy) back() {
	io.Copy(p.peer, p.relay)
	p.peer.(interface{ CloseWrite() error }).CloseWrite()
}

// three messages, the first empty, and how many of them are whole after n bytes.
var three = []string{"", "a", "hello"}

func wholeAfter(n int) (whole []string, boundary bool) {
	stream := 0
	for i, m := range three {
		if n == stream {
			return three[:i], true
		}
		if stream += len(framed(m)); n < stream {
			return three[:i], false
		}
	}
	return three, true
}

// eachOffset interferes at each offset of the three messages' stream.
func eachOffset(t *testing.T, stdin string, f func(k *talk, p *proxy, at int)) {
	t.Helper()
	stream := framed(three...)
	overEach(t, func(t *testing.T, tr transport) {
		for at := range len(stream) + 1 {
			t.Run(fmt.Sprint("after ", at), func(t *testing.T) {
				near, far := tr.open(t)
				p, peer := newProxy(t, far, at)
				k := beginWith(t, near, far, setup{stdin: tempFile(t, stdin)})
				peer.write(stream)
				peer.halfClose()
				p.begin()
				f(k, p, at)
			})
		}
	})
}

// TestEverySplit: each message is on stdout as soon as it is complete, and
// the stream may rest wherever it likes.
func TestEverySplit(t *testing.T) {
	eachOffset(t, "", func(k *talk, p *proxy, at int) {
		back := beside(k.t, p.back)
		whole, _ := wholeAfter(at)
		k.awaitMoved(int64(at))
		k.awaitShown(whole...)
		k.goesOn()
		p.goOn()
		k.comesTo(clean)
		k.shows(three...)
		within(k.t, "the proxy has seen our end", back)
	})
}

func TestEveryCut(t *testing.T) {
	eachOffset(t, "", func(k *talk, p *proxy, at int) {
		p.relay.Close()
		whole, boundary := wholeAfter(at)
		if boundary {
			k.comesTo(clean)
		} else {
			k.comesTo(torn)
		}
		k.shows(whole...)
	})
}

func TestEveryReset(t *testing.T) {
	eachOffset(t, "unread\n", func(k *talk, p *proxy, at int) {
		p.relay.reset()
		whole, boundary := wholeAfter(at)
		if boundary {
			k.comesTo(broken)
		} else {
			k.comesTo(torn)
		}
		k.shows(whole...)
	})
}

// TestEveryByteAlone: as slow as a stream can be.
func TestEveryByteAlone(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stdin: tempFile(t, "")})
		stream := framed(three...)
		for i := range len(stream) {
			k.peer.write(stream[i : i+1])
			k.awaitMoved(int64(i + 1))
		}
		k.peer.halfClose()
		k.comesTo(clean)
		k.shows(three...)
	})
}
