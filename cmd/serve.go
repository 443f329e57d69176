package cmd

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"ductworks/internal/duct"
	"ductworks/internal/format"
	"ductworks/internal/relay"
)

// A server serves the peers of a listener, each in a goroutine of its own.
type server struct {
	*listenOptions
	listener *duct.Listener
	stop     context.Context // ends when there are to be no more peers and messages
	end      func(error)     // ends stop with a cause
	kill     context.Context // ends when those that are served have had their time
	hub      *relay.Hub      // of stdin and stdout, nil where a CMD serves
	slots    chan struct{}   // holds something for each peer that is served
	served   sync.WaitGroup
	asked    atomic.Int64 // messages, where each is answered

	mu    sync.Mutex
	total totals
}

// serve serves peers until ctx ends, and tells what became of them.
func (l *listenOptions) serve(ctx context.Context, listener *duct.Listener) error {
	stop, end := context.WithCancelCause(ctx)
	kill, killNow := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &server{
		listenOptions: l, listener: listener, stop: stop, end: end, kill: kill,
		slots: make(chan struct{}, int(l.maxConns)),
	}
	start := time.Now()
	err := s.serveAll(killNow)
	if cerr := l.close(); err == nil {
		err = cerr
	}
	l.printStats(l.app, s.total, start, err)
	return err
}

// serveAll serves peers until stop ends. What is running then has killGrace to end.
func (s *server) serveAll(killNow func(error)) error {
	if len(s.argv) == 0 {
		hub, leave := s.newHub()
		defer leave()
		s.hub = hub
		go func() { s.end(causeOf(s.hub.Run(s.stop))) }()
	}
	err := s.acceptAll()
	s.end(err)
	s.listener.Close()
	grace := time.AfterFunc(killGrace, func() { killNow(err) })
	s.served.Wait()
	grace.Stop()
	killNow(err)
	if err == errServed {
		return nil
	}
	return err
}

// errServed is the cause of an end that is none of an error: as many messages
// came as were asked for.
var errServed = errors.New("served")

func causeOf(err error) error {
	switch {
	case err == nil:
		return errServed
	case endsReported(err):
		return reportedError{err}
	}
	return err
}

// acceptAll accepts peers until stop ends, whose cause is the error.
func (s *server) acceptAll() error {
	wait, cancel := timeLimit(s.stop, s.wait.d, "nobody connected to "+s.listener.Address().String())
	defer cancel()
	for number := int64(1); ; number++ {
		select {
		case s.slots <- struct{}{}:
		case <-s.stop.Done():
			return context.Cause(s.stop)
		}
		conn, err := s.listener.Accept(wait)
		if err != nil {
			return cancelled(wait, err)
		}
		wait = s.stop // somebody has come
		s.served.Go(func() {
			s.serveOne(conn, number)
			<-s.slots
		})
	}
}

// serveOne serves one peer. What goes wrong with it concerns no other.
func (s *server) serveOne(conn duct.Conn, number int64) {
	s.detail("connection %d: %s", number, conn.Address())
	p := &servedPeer{server: s, conn: conn, number: number}
	err := p.serve()
	if err != nil && !silent(err) && s.stop.Err() == nil {
		p.report(err)
	}
	s.detail("connection %d has ended: %s", number, p.outcome(err))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total.add(p.result)
}

// taps are those of one connection. What goes wrong with them ends the service.
func (s *server) taps(number int64) relay.Taps {
	t := s.seeing.taps(number)
	return relay.Taps{Sent: s.guard(t.Sent), Received: s.guard(t.Received)}
}

func (s *server) guard(t relay.Tap) relay.Tap {
	if t == nil {
		return nil
	}
	return func(payload []byte) error {
		err := t(payload)
		if err != nil {
			s.end(err)
		}
		return err
	}
}

// newHub joins all peers to our stdin and stdout, which leave gives back.
func (s *server) newHub() (hub *relay.Hub, leave func()) {
	o := relay.HubOptions{
		Limit:        int64(s.maxSize),
		Count:        int64(s.count),
		StallTimeout: s.stallTimeout.d,
		Stalling:     func(number int64) { s.detail("connection %d takes no byte: what is for all waits for it", number) },
		IdleTimeout:  s.idle.d,
		StayOpen:     s.noShutdown || s.recvOnly,
		Report:       s.report,
		Taps:         s.taps,
	}
	if s.envelope {
		t := s.sitDown(s.stop, format.CheckEnvelopes)
		return relay.NewEnvelopeHub(t.in, t.out, s.messageFlags.options(), o), t.leave
	}
	t := s.sitDown(s.stop, s.checkRecords)
	return relay.NewHub(t.in, t.out, s.messageFlags.options(), o), t.leave
}

// admit counts a message that is to be answered, and says whether it is not
// one too many.
func (s *server) admit() bool {
	if s.count == 0 {
		return true
	}
	n := s.asked.Add(1)
	if n == int64(s.count) {
		s.end(errServed)
	}
	return n <= int64(s.count)
}
