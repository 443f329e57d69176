//go:build linux || darwin

package relay

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ductworks/internal/frame"
)

// A peer holds the far end of a duct and does there what a test tells it to.
type peer struct {
	net.Conn
	t      testing.TB
	frames *frame.Reader
}

func newPeer(t testing.TB, c net.Conn) *peer {
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &peer{Conn: c, t: t, frames: frame.NewReader(c, frame.MaxPayload)}
}

// framed gives messages as they stand on the wire.
func framed(messages ...string) string {
	var b strings.Builder
	if len(messages) > 0 {
		b.Grow(len(messages) * (frame.HeaderSize + len(messages[0]))) // as if they were alike
	}
	for _, m := range messages {
		b.Write(frame.AppendHeader(nil, int64(len(m))))
		b.WriteString(m)
	}
	return b.String()
}

// halfFrame is part of a message that the peer begins and never ends.
const halfFrame = "T\x00\x00\x00\x09abc"

func (p *peer) write(s string) {
	if _, err := io.WriteString(p.Conn, s); err != nil {
		p.t.Errorf("the peer cannot write: %v", err)
	}
}

func (p *peer) send(messages ...string) { p.write(framed(messages...)) }

// receive gives the next message.
func (p *peer) receive() string {
	m, err := p.frames.Next()
	if err != nil {
		p.t.Errorf("the peer cannot read: %v", err)
	}
	return string(m.Bytes)
}

// drain reads to the end. The error is nil if that is where a message ends.
func (p *peer) drain() (messages []string, err error) {
	for {
		m, err := p.frames.Next()
		if err == io.EOF {
			return messages, nil
		}
		if err != nil {
			return messages, err
		}
		messages = append(messages, string(m.Bytes))
	}
}

// expect reads to the end, which has to come after these messages.
func (p *peer) expect(want ...string) {
	p.t.Helper()
	got, err := p.drain()
	if err != nil {
		p.t.Errorf("the peer's stream ends with %v", err)
	}
	if !slices.Equal(got, want) {
		p.t.Errorf("the peer has %s, want %s", brief(got), brief(want))
	}
}

func (p *peer) halfClose() {
	if err := p.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		p.t.Errorf("the peer cannot half-close: %v", err)
	}
}

// awaitData waits until something can be read, and leaves it there.
func (p *peer) awaitData() {
	p.t.Helper()
	raw, err := p.socket().(syscall.Conn).SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	one := make([]byte, 1)
	raw.Read(func(fd uintptr) bool {
		n, _, err := unix.Recvfrom(int(fd), one, unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return n > 0 || err != unix.EAGAIN
	})
}

// reset breaks the connection. A Unix socket has no such thing, and breaks
// when it is closed with something unread.
func (p *peer) reset() {
	if tcp, ok := p.socket().(*net.TCPConn); ok {
		tcp.SetLinger(0)
	} else {
		p.awaitData()
	}
	p.socket().Close()
}

// socket is what is under TLS, or the connection itself.
func (p *peer) socket() net.Conn {
	if c, ok := p.Conn.(*tls.Conn); ok {
		return c.NetConn()
	}
	return p.Conn
}

// die leaves without having read what there is, as a process does that is killed.
func (p *peer) die() {
	p.awaitData()
	p.socket().Close()
}

// brief shows messages without the bulk of many or of large ones.
func brief(messages []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d messages", len(messages))
	for i, m := range messages {
		if i == 5 {
			b.WriteString(" ...")
			break
		}
		fmt.Fprintf(&b, " %.40q", m)
	}
	return b.String()
}
