package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"ductworks/internal/duct"
	"ductworks/internal/relay"
)

const (
	defaultMaxConns     = 100
	defaultStallTimeout = 30 * time.Second
)

// serving are the flags of listen that are for many peers.
type serving struct {
	keepOpen     bool
	each         bool
	envelope     bool
	maxConns     countValue
	stallTimeout durationValue
}

func (v *serving) registerServing(fs *pflag.FlagSet) {
	v.maxConns, v.stallTimeout.d = defaultMaxConns, defaultStallTimeout
	fs.BoolVarP(&v.keepOpen, "keep-open", "k", false, "serve many peers")
	fs.BoolVar(&v.each, "each", false, "with -k, start CMD for each message: what it prints is the reply")
	fs.BoolVar(&v.envelope, "envelope", false, "with -k, records say which peer they come from or go to")
	fs.Var(&v.maxConns, "max-conns", "with -k, serve so many peers at once; others wait")
	fs.Var(&v.stallTimeout, "stall-timeout", "with -k, close a peer that takes no byte for so long")
	group(fs, "Listening", "keep-open", "each", "envelope", "max-conns", "stall-timeout")
}

// checkServing finds flags that have no meaning together.
func (l *listenOptions) checkServing(fs *pflag.FlagSet) error {
	for _, name := range []string{"each", "envelope", "max-conns", "stall-timeout"} {
		if fs.Changed(name) && !l.keepOpen && (name == "each" || name == "envelope") {
			return usagef("--%s is for many peers: add -k", name)
		}
	}
	switch {
	case !l.keepOpen:
		return nil
	case l.each && len(l.argv) == 0:
		return usagef("--each needs a command: --each -- CMD")
	case l.envelope && len(l.argv) > 0:
		return usagef("--envelope is for stdin and stdout, not for -- %s", l.argv[0])
	case l.envelope && (l.in.Name != "json" || l.out.Name != "json"):
		return usagef("--envelope is JSON: it does not go with another format")
	case l.count > 0 && len(l.argv) > 0:
		return usagef("--count is for the messages on stdout, not for -- %s", l.argv[0])
	case l.linger.set || l.exitOnEOF || l.sendOnly:
		return usagef("--linger, --exit-on-eof and --send-only end one conversation: they do not go with -k")
	}
	return nil
}

// A server serves the peers of a listener, each in a goroutine of its own.
type server struct {
	*listenOptions
	listener *duct.Listener
	stop     context.Context // ends when there are to be no more peers and messages
	kill     context.Context // ends when those that are served have had their time
	hub      *relay.Hub      // of stdin and stdout, nil where a CMD serves
	slots    chan struct{}
	served   sync.WaitGroup
}

// serve serves peers until ctx ends. What is running then has killGrace to end.
func (l *listenOptions) serve(ctx context.Context, listener *duct.Listener) error {
	stop, end := context.WithCancelCause(ctx)
	kill, killNow := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &server{
		listenOptions: l, listener: listener, stop: stop, kill: kill,
		slots: make(chan struct{}, int(l.maxConns)),
	}
	if len(l.argv) == 0 {
		s.hub = s.newHub()
		go func() { end(causeOf(s.hub.Run(stop))) }()
	}
	err := s.acceptAll()
	end(err)
	listener.Close()
	grace := time.AfterFunc(killGrace, func() { killNow(err) })
	s.served.Wait()
	grace.Stop()
	killNow(nil)
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
	var err error
	switch {
	case s.hub != nil:
		err = s.hub.Join(s.kill, conn, number)
	case s.each:
		err = s.answerEach(conn, number)
	default:
		err = s.serveFilter(conn, number)
	}
	if err != nil && !is[commandError](err) && context.Cause(s.stop) == nil {
		s.report(fmt.Errorf("connection %d: %w", number, err))
	}
	s.detail("connection %d has ended", number)
}

// newHub joins all peers to our stdin and stdout.
func (s *server) newHub() *relay.Hub {
	in := relay.Input{Name: "stdin", Reader: s.streams.In, Format: s.in.Format, Close: s.streams.In.Close}
	if s.recvOnly || len(s.payloads) > 0 {
		in.Reader, in.Payloads = nil, s.payloads
	}
	o := relay.HubOptions{
		Limit:        int64(s.maxSize),
		Count:        int64(s.count),
		StallTimeout: s.stallTimeout.d,
		IdleTimeout:  s.idle.d,
		StayOpen:     s.noShutdown || s.recvOnly,
		Report:       s.report,
	}
	if s.envelope {
		return relay.NewEnvelopeHub(in, s.output(s.streams), s.messageFlags.options(), o)
	}
	return relay.NewHub(in, s.output(s.streams), s.messageFlags.options(), o)
}

// serveFilter has a CMD of its own serve the peer.
func (s *server) serveFilter(conn duct.Conn, number int64) error {
	far := relay.Duct(conn, relay.DuctOptions{Limit: int64(s.maxSize), StayOpen: s.noShutdown, Stream: s.out.Streams})
	far.Name = "the connection"
	return s.carryFilter(s.kill, far, s.endingFlags.options(s.report), peerEnv(os.Environ(), conn, number))
}

// answerEach has a CMD answer each message of the peer.
func (s *server) answerEach(conn duct.Conn, number int64) error {
	env := peerEnv(os.Environ(), conn, number)
	answer := func(ctx context.Context, payload []byte) ([][]byte, error) { return s.ask(ctx, payload, env) }
	_, err := relay.Each(s.kill, s.stop, conn, answer, relay.EachOptions{
		Limit:       int64(s.maxSize),
		IdleTimeout: s.idle.d,
		Failed: func(message int64, err error) {
			s.report(fmt.Errorf("connection %d: message %d has no reply: %w", number, message, err))
		},
	})
	return err
}

// ask starts CMD with one message on its stdin. The records that it prints are
// the replies, if it ends with 0.
func (s *server) ask(ctx context.Context, payload []byte, env []string) ([][]byte, error) {
	f, err := startFilter(s.path, s.argv, env, s.streams.Err)
	if err != nil {
		return nil, err
	}
	message, replies := relay.Memory([][]byte{payload}, int64(s.maxSize))
	_, err = relay.Run(ctx, f.end(&s.messageFlags, s.streams), message, relay.Options{Linger: relay.Forever})
	if err = waitFor(ctx, f.Process, err); err != nil {
		return nil, err
	}
	return replies(), nil
}

// peerVariables are what a CMD learns its peer from, in the manner of UCSPI.
var peerVariables = []string{
	"PROTO", "TCPREMOTEIP", "TCPREMOTEPORT", "IPCREMOTEEUID", "IPCREMOTEEGID", envPrefix + "_CONN",
}

// peerEnv is the environment env with what is known of a connection's peer, in
// place of what it may say of another one.
func peerEnv(env []string, conn duct.Conn, number int64) []string {
	var all []string
	for _, entry := range env {
		if !isPeerVariable(entry) {
			all = append(all, entry)
		}
	}
	all = append(all, envPrefix+"_CONN="+strconv.FormatInt(number, 10))
	if address := conn.Address(); address.Host() != "" {
		return append(all, "PROTO=TCP", "TCPREMOTEIP="+address.Host(), "TCPREMOTEPORT="+strconv.Itoa(address.Port()))
	}
	all = append(all, "PROTO=IPC")
	if peer, err := conn.Peer(); err == nil {
		all = append(all, "IPCREMOTEEUID="+strconv.Itoa(peer.UID), "IPCREMOTEEGID="+strconv.Itoa(peer.GID))
	}
	return all
}

func isPeerVariable(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	for _, v := range peerVariables {
		if name == v {
			return true
		}
	}
	return false
}
