package duct

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

func listenTLS(a Address, o ListenOptions) (*Listener, error) {
	config, err := o.TLS.server(a)
	if err != nil {
		return nil, err
	}
	ln, err := bind(networkOf(a), a.HostPort(), nil)
	if err != nil {
		return nil, explainBind(a, err)
	}
	at := addressOf(ln.Addr())
	at.scheme = TLS
	return newListener(at, o, newHandshakes(at, ln, config, o.TLS.limit()), keep), nil
}

// handshakes are a source of connections inside TLS. Each handshake has a
// goroutine of its own, so that one that stalls holds up nobody else; the
// first that is done is the first that is accepted. How many there can be at a
// time is limited by the descriptors and by how long each may take.
type handshakes struct {
	acceptor
	address Address // of the listener
	config  *tls.Config
	limit   time.Duration

	done chan accepted // of each, once
	over context.Context
	end  context.CancelFunc

	mu      sync.Mutex
	pending int // those whose outcome nobody has taken
	running sync.WaitGroup
}

// accepted is what accepting one peer came to.
type accepted struct {
	conn Conn
	err  error
}

func newHandshakes(at Address, ln netListener, config *tls.Config, limit time.Duration) *handshakes {
	h := &handshakes{acceptor: acceptor{ln}, address: at, config: config, limit: limit, done: make(chan accepted)}
	h.over, h.end = context.WithCancel(context.Background())
	return h
}

// accept returns a *RefusedError for each peer with which no handshake was to
// be had.
func (h *handshakes) accept(ctx context.Context) (Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- h.receive(ctx) }()
	select {
	case got := <-h.done:
		cancel()
		<-failed
		return h.take(got)
	case err := <-failed:
		return nil, err
	}
}

// receive begins a handshake with each peer that connects, until it fails.
func (h *handshakes) receive(ctx context.Context) error {
	for {
		c, err := h.acceptor.accept(ctx)
		if err != nil {
			return err
		}
		h.begin(c.(*socket))
	}
}

// queued begins a handshake with whoever has connected already, and waits for
// those under way until one succeeds. It returns nil where none does.
func (h *handshakes) queued() (Conn, error) {
	for h.hasQueued() {
		c, err := h.acceptor.accept(h.over)
		if err != nil {
			return nil, err
		}
		h.begin(c.(*socket))
	}
	if !h.hasPending() {
		return nil, nil
	}
	select {
	case got := <-h.done:
		return h.take(got)
	case <-h.over.Done():
		return nil, net.ErrClosed
	}
}

func (h *handshakes) begin(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over.Err() != nil {
		s.Close()
		return
	}
	s.address.scheme = TLS
	h.pending++
	h.running.Go(func() { h.run(s) })
}

func (h *handshakes) take(got accepted) (Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pending--
	return got.conn, got.err
}

func (h *handshakes) hasPending() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pending > 0
}

// run makes one handshake and gives its outcome to whoever accepts.
func (h *handshakes) run(s *socket) {
	c := newSecure(s, func(w *wire) *tls.Conn { return tls.Server(w, h.config) })
	err := c.handshake(h.over, h.limit)
	got := accepted{conn: c}
	if err != nil {
		got = accepted{err: c.diagnose(err).toListener(h.address, s.address)}
		if c.isPlain(err) {
			s.Write(plainAlert)
		}
	}
	select {
	case h.done <- got:
	case <-h.over.Done():
		s.Close()
		return
	}
	if err != nil {
		part(h.over, s)
	}
}

// isPlain reports that the peer has spoken no TLS yet, so that it might
// understand what is said without.
func (s *secure) isPlain(err error) bool {
	var header tls.RecordHeaderError
	return errors.As(err, &header) && header.Conn != nil || isTimeout(err) && !s.wire.heard
}

// plainAlert is an alert record of TLS, fatal, unexpected_message: a peer that
// speaks without TLS has no better way to learn why it is turned away.
var plainAlert = []byte{0x15, 0x03, 0x03, 0, 2, 2, 10}

// partingTime is how long a peer that was turned away has to hear of it.
const partingTime = time.Second

// part closes a connection whose peer has yet to read why. While something
// lies unread here, closing would reset it, and could destroy that.
func part(ctx context.Context, s *socket) {
	defer s.Close()
	s.CloseWrite()
	s.conn.SetReadDeadline(time.Now().Add(partingTime))
	defer interruptible(ctx, s.conn)()
	io.Copy(io.Discard, s.conn)
}

// close ends all handshakes. Connections that nobody has accepted are closed.
func (h *handshakes) close() error {
	h.mu.Lock()
	h.end()
	h.mu.Unlock()
	err := h.acceptor.close()
	h.running.Wait()
	return err
}

// toListener is a failed handshake as the listener's user is told of it.
func (d diagnosis) toListener(at, from Address) error {
	doing := "refused a peer on %s (from %s)"
	if d.theirs {
		doing = "was refused by a peer on %s (from %s)"
	}
	return &RefusedError{Doing: fmt.Sprintf(doing, at, from.HostPort()), Err: d.err, Hint: d.hint}
}
