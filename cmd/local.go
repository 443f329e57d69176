package cmd

import (
	"cmp"
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"ductworks/internal/child"
	"ductworks/internal/relay"
)

// killGrace is how long a CMD has for its own clean-up after a signal.
const killGrace = 5 * time.Second

// lookCommand finds CMD, argv being empty where there is none.
func lookCommand(argv []string) (path string, err error) {
	if len(argv) == 0 {
		return "", nil
	}
	return child.Look(argv[0], os.Getenv("PATH"))
}

// A filter is a CMD whose stdin and stdout hold records, in place of ours.
type filter struct {
	*child.Process
	pipes *stdioPipes
}

// stdioPipes are two pipes, for the stdin and the stdout of a CMD.
type stdioPipes struct {
	stdin             *child.Input
	stdout            *child.Output
	childIn, childOut *os.File // the ends for CMD
}

func openPipes() (*stdioPipes, error) {
	stdin, childIn, err := child.InputPipe()
	if err != nil {
		return nil, err
	}
	stdout, childOut, err := child.OutputPipe()
	if err != nil {
		return nil, errors.Join(err, childIn.Close(), stdin.Close())
	}
	return &stdioPipes{stdin, stdout, childIn, childOut}, nil
}

// closeChild closes what CMD has, or would have had.
func (p *stdioPipes) closeChild() {
	p.childIn.Close()
	p.childOut.Close()
}

func (p *stdioPipes) close() {
	p.stdin.Close()
	p.stdout.Close()
}

// startFilter starts CMD with pipes for stdin and stdout.
func startFilter(path string, argv, env []string, stderr *os.File) (*filter, error) {
	pipes, err := openPipes()
	if err != nil {
		return nil, err
	}
	defer pipes.closeChild()
	p, err := child.Start(child.Spec{
		Path: path, Args: argv, Env: env, Stdin: pipes.childIn, Stdout: pipes.childOut, Stderr: stderr,
	})
	if err != nil {
		pipes.close()
		return nil, err
	}
	return &filter{p, pipes}, nil
}

// end makes a conversation's end of CMD.
func (f *filter) end(m *messageFlags, s *Streams) *relay.End {
	out := m.output(s)
	out.Name, out.Writer, out.Forgiving = "the command's stdin", f.pipes.stdin, true
	out.Encoder = m.out.NewEncoder(m.options())
	out.Close, out.Unread = f.pipes.stdin.Close, f.pipes.stdin.Unread
	in := relay.Input{Name: "the command's stdout", Reader: f.pipes.stdout, Format: m.in.Format, Close: f.pipes.stdout.Close}
	end := relay.Records(in, out, m.options())
	end.Gone, end.Drain, end.Release = f.Done(), f.pipes.stdout.Drain, f.pipes.close
	return end
}

// waitFor waits for a process to end by itself, or ends it when ctx does. Err
// is what went wrong before; if nothing did, the process's status is the result.
func waitFor(ctx context.Context, p *child.Process, err error) error {
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Stop(stopSignal(ctx), killGrace)
		if err == nil {
			err = context.Cause(ctx)
		}
	}
	if n := p.Status(); err == nil && n != 0 {
		err = commandError{n}
	}
	return err
}

// waitForAll waits for processes as waitFor does for one. Of their statuses
// the first that is not 0 is the result.
func waitForAll(ctx context.Context, processes []*child.Process, err error) error {
	errs := make([]error, len(processes))
	var all sync.WaitGroup
	for i, p := range processes {
		all.Go(func() { errs[i] = waitFor(ctx, p, nil) })
	}
	all.Wait()
	return cmp.Or(append([]error{err}, errs...)...)
}

// stopSignal is the signal that a child is to get: the one that we got.
func stopSignal(ctx context.Context) syscall.Signal {
	if sig, ok := context.Cause(ctx).(SignalError); ok {
		return sig.Signal
	}
	return syscall.SIGTERM
}

// stdio is our own stdin and stdout as what a conversation's end reads and writes.
func stdio(m *messageFlags, e *endingFlags, payloads [][]byte, s *Streams) (relay.Input, relay.Output) {
	in := relay.Input{Name: "stdin", Reader: s.In, Format: m.in.Format, Close: s.In.Close}
	if e.recvOnly || len(payloads) > 0 {
		in.Reader, in.Payloads = nil, payloads
	}
	out := m.output(s)
	if e.sendOnly {
		out.Writer = nil
	}
	return in, out
}
