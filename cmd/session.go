package cmd

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"ductworks/internal/duct"
	"ductworks/internal/relay"
)

// A session is what listen and connect have in common: one duct whose one end
// is our stdin and stdout, or a CMD's.
type session struct {
	*app
	messageFlags
	endingFlags
	seeing
	who  securityFlags
	lock lockFlag

	payloads [][]byte // of the --message flags
	argv     []string // CMD and its arguments, empty for our own stdin and stdout
	path     string   // of CMD
}

func (s *session) register(c *cobra.Command) {
	c.Flags().SortFlags = false
	s.messageFlags.register(c)
	s.endingFlags.register(c)
	s.registerSeeing(c)
}

// prepare checks all that can be checked before anything is bound, connected
// or started. argv is CMD and its arguments, if there is one.
func (s *session) prepare(c *cobra.Command, argv []string) (err error) {
	s.argv = argv
	favourLine(c.Flags(), "send-only", "recv-only")
	if err := s.messageFlags.check(c.Flags()); err != nil {
		return err
	}
	if err := s.endingFlags.check(); err != nil {
		return err
	}
	if s.record == "-" {
		return usagef("--record - is for pair: here stdout is taken")
	}
	if s.payloads, err = s.messageFlags.payloads(); err != nil {
		return err
	}
	s.path, err = lookCommand(argv)
	return err
}

// prepareFilter is prepare for arguments that are [ADDRESS] [-- CMD [ARG...]].
func (s *session) prepareFilter(c *cobra.Command, args []string) (address string, err error) {
	address, argv, err := splitArgs(c, args)
	if err != nil {
		return "", err
	}
	if len(argv) > 0 {
		setAside(c.Flags(), "send-only", "recv-only")
		if err := s.checkFilter(argv[0]); err != nil {
			return "", err
		}
	}
	return address, s.prepare(c, argv)
}

// checkFilter finds flags that have no meaning where CMD takes our place.
func (s *session) checkFilter(name string) error {
	switch {
	case len(s.messages) > 0:
		return usagef("--message and -- %s contradict each other: one of them sends", name)
	case s.sendOnly || s.recvOnly:
		return usagef("--send-only and --recv-only are for stdin and stdout, not for -- %s", name)
	}
	return nil
}

// splitArgs takes [ADDRESS] [-- CMD [ARG...]] apart.
func splitArgs(c *cobra.Command, args []string) (address string, argv []string, err error) {
	if dash := c.ArgsLenAtDash(); dash >= 0 {
		args, argv = args[:dash], args[dash:]
		if len(argv) == 0 {
			return "", nil, usagef("no command follows the --")
		}
	}
	switch len(args) {
	case 0:
		return "", argv, nil
	case 1:
		if args[0] == "" {
			return "", nil, usagef("the address is empty")
		}
		return args[0], argv, nil
	}
	hint := "a command goes after --"
	if isPort(args[1]) {
		hint = args[0] + ":" + args[1] + "?"
	}
	return "", nil, usagef("%s takes one address, and %q is another word: %s", c.Name(), args[1], hint)
}

// carry carries messages between conn and the local end until their
// conversation is over. name is what errors call conn.
func (s *session) carry(ctx context.Context, conn duct.Conn, name string) error {
	shared := conn.Address().Scheme() == duct.FD
	far := relay.Duct(conn, relay.DuctOptions{
		Limit:    int64(s.maxSize),
		Sole:     true,
		Exact:    shared && s.count > 0,
		StayOpen: s.noShutdown || s.recvOnly || s.lock.lock != nil || shared && s.count > 0,
		Lock:     s.lock.lock,
		Stream:   s.streamsOut(),
	})
	far.Name = name
	o := s.endingFlags.options(s.report)
	if len(s.argv) > 0 {
		r, left, err := s.carryFilter(ctx, far, o, os.Environ(), s)
		s.summarize(r, left)
		return err
	}
	r, err := s.carryStdio(ctx, far, o)
	s.summarize(r, 0)
	return err
}

// A talker runs a conversation and tells of it.
type talker interface {
	converse(ctx context.Context, near, far *relay.End, o relay.Options) (relay.Result, error)
	note(format string, args ...any)
}

// carryStdio is carry where we hold the local end. A person at a terminal
// need not end stdin to learn that the peer has ended.
func (s *session) carryStdio(ctx context.Context, far *relay.End, o relay.Options) (relay.Result, error) {
	o.EndWithSecond = o.EndWithSecond || s.streams.InTerminal && len(s.messages) == 0
	t := s.sitDown(ctx, s.checkRecords)
	defer t.leave()
	r, err := s.converse(ctx, relay.Records(t.in, t.out, s.messageFlags.options()), far, o)
	if t.talks() && err == nil && s.count == 0 {
		t.leave()
		s.note("the peer has ended the conversation")
	}
	return r, err
}

// carryFilter is carry where a CMD holds the local end, env being its
// environment. It counts the messages that CMD has left unread.
func (s *session) carryFilter(ctx context.Context, far *relay.End, o relay.Options, env []string, t talker) (r relay.Result, left int64, err error) {
	f, err := startFilter(s.path, s.argv, env, s.streams.Err)
	if err != nil {
		far.Release()
		return r, 0, err
	}
	near := f.end(&s.messageFlags, s.streams)
	over, end := context.WithCancel(ctx)
	defer end()
	if s.verbose > 0 {
		o.Started = func(soFar func() relay.Result) { go noticeSilence(over, soFar, t.note) }
	}
	r, err = t.converse(ctx, near, far, o)
	err = waitFor(ctx, f.Process, err)
	return r, near.Dropped(), err
}

// streamsOut says whether large payloads may go out as they arrive.
func (s *session) streamsOut() bool { return s.out.Streams && !s.isWatching(s.app) }

// converse runs a conversation.
func (s *session) converse(ctx context.Context, near, far *relay.End, o relay.Options) (relay.Result, error) {
	return s.seeing.converse(ctx, s.app, near, far, o)
}

// summarize says under -v what came of a conversation. CMD, if there was one at
// an end of it, has left so many messages unread.
func (s *session) summarize(r relay.Result, left int64) {
	s.detail("messages: %d sent, %d received", r.Sent, r.Received)
	if left > 0 {
		s.detail("messages left unread by the command, and dropped: %d", left)
	}
}
