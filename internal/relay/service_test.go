//go:build linux || darwin

package relay

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"ductworks/internal/duct"
	"ductworks/internal/format"
)

// A service is a hub under test, with a stdin and a stdout here and peers there.
type service struct {
	t     testing.TB
	hub   *Hub
	stdin *os.File // to write to
	out   *output
	end   func(error) // ends it with a cause
	kill  func(error) // ends what it still waits for
	alive context.Context

	ended  chan struct{}
	err    error
	joins  sync.WaitGroup
	number atomic.Int64

	mu       sync.Mutex
	reported []string
	left     map[int64]Result // of peers that have left
}

// A serviceSetup is how a service differs from one of raw lines.
type serviceSetup struct {
	HubOptions
	format   string
	envelope bool
	payloads []string // in place of stdin
	stdout   io.Writer
}

// serve starts a service. It is over, with all its peers, when the test is.
func serve(t testing.TB, setup serviceSetup) *service {
	t.Helper()
	stdin, w := openStdin(t)
	s := &service{t: t, stdin: w, out: &output{}, ended: make(chan struct{}), left: map[int64]Result{}}
	s.hub = s.newHub(setup, stdin)
	stop, end := context.WithCancelCause(context.Background())
	kill, killNow := context.WithCancelCause(context.Background())
	s.end, s.kill, s.alive = end, killNow, kill
	go func() {
		defer close(s.ended)
		s.err = s.hub.Run(stop)
	}()
	t.Cleanup(func() {
		end(errors.New("the test is over"))
		killNow(errors.New("the test is over"))
		within(t, "the service has ended", s.ended)
		s.joins.Wait()
		w.Close() // which lets go who still reads
	})
	return s
}

// openStdin is openPipe whose reading end the service closes.
func openStdin(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, w
}

func (s *service) newHub(setup serviceSetup, stdin *os.File) *Hub {
	name := setup.format
	if setup.envelope {
		name = "json"
	}
	f := findFormat(s.t, name)
	o := setupOptions()
	in := Input{Name: "stdin", Reader: stdin, Format: f, Close: stdin.Close}
	for _, p := range setup.payloads {
		in.Reader, in.Payloads = nil, append(in.Payloads, []byte(p))
	}
	out := Output{Name: "stdout", Writer: s.out, Format: f, Encoder: f.NewEncoder(o), Report: s.report}
	if setup.stdout != nil {
		out.Writer = setup.stdout
	}
	ho := setup.HubOptions
	if ho.Limit == 0 {
		ho.Limit = 1 << 20
	}
	ho.Report = s.report
	make := NewHub
	if setup.envelope {
		make = NewEnvelopeHub
	}
	return make(in, out, format.Options{Limit: ho.Limit}, ho)
}

func (s *service) report(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = append(s.reported, err.Error())
}

// reports waits until this has been reported.
func (s *service) reports(want string) {
	s.t.Helper()
	eventually(s.t, "it is reported: "+want, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(strings.Join(s.reported, "\n"), want)
	})
}

// guest is a peer of a service.
type guest struct {
	*peer
	near   duct.Conn
	number int64
	gone   <-chan struct{} // closed when the service is done with it
	result Result
	err    error
}

// join connects a peer to the service.
func (s *service) join(tr transport) *guest {
	s.t.Helper()
	near, far := tr.open(s.t)
	return s.admit(near, far)
}

func (s *service) admit(near duct.Conn, far *peer) *guest {
	gone := make(chan struct{})
	g := &guest{peer: far, near: near, number: s.number.Add(1), gone: gone}
	s.joins.Go(func() {
		defer close(gone)
		g.result, g.err = s.hub.Join(s.alive, near, g.number)
	})
	return g
}

// joinAll connects so many peers and waits until all take part.
func (s *service) joinAll(tr transport, n int) []*guest {
	s.t.Helper()
	guests := make([]*guest, n)
	for i := range guests {
		guests[i] = s.join(tr)
	}
	s.awaitMembers(n)
	return guests
}

func (s *service) awaitMembers(n int) {
	s.t.Helper()
	eventually(s.t, "all take part", func() bool { return len(s.hub.appendAll(nil)) == n })
}

// say writes to stdin.
func (s *service) say(text string) {
	if _, err := io.WriteString(s.stdin, text); err != nil {
		s.t.Errorf("cannot write to stdin: %v", err)
	}
}

// wait waits for the end of the service and gives what it came to.
func (s *service) wait() error {
	s.t.Helper()
	within(s.t, "the service has ended", s.ended)
	return s.err
}

// leaves waits until the service is done with the peer.
func (g *guest) leaves(want verdict) {
	g.t.Helper()
	within(g.t, "the peer has left", g.gone)
	if got := judge(g.err); got != want {
		g.t.Errorf("connection %d ended as %q (%v), want %q", g.number, got, g.err, want)
	}
}

// lines gives what is on stdout, a record a line.
func (o *output) lines() []string {
	text := strings.TrimSuffix(o.String(), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func unixTransport() transport { return transport{"unix", true, openUnix} }
