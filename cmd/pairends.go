package cmd

import (
	"context"
	"fmt"
	"os"

	"ductworks/internal/child"
	"ductworks/internal/duct"
	"ductworks/internal/relay"
)

// A place is where one end of a pair comes from: one of its fields is set.
type place struct {
	listener *duct.Listener
	dial     duct.Address
	argv     []string
	path     string // of argv's program
}

// pairEnds are the ends of a pair, in their order, and the processes at them.
type pairEnds struct {
	list      [2]*relay.End
	processes []*child.Process
}

// release gives back what was opened and ends the processes.
func (e *pairEnds) release(ctx context.Context) {
	for _, end := range e.list {
		if end != nil {
			end.Release()
		}
	}
	for _, p := range e.processes {
		p.Stop(stopSignal(ctx), killGrace)
	}
}

// open makes both ends. Those that wait for a peer come first, so that
// nothing is dialled or started in vain.
func (p *pairOptions) open(ctx context.Context) (*pairEnds, error) {
	places, err := p.bind()
	defer func() {
		for _, at := range places {
			if at.listener != nil {
				at.listener.Close()
			}
		}
	}()
	if err != nil {
		return nil, err
	}
	ends := &pairEnds{}
	for _, step := range []func(context.Context, []place, *pairEnds) error{p.acceptAll, p.launchAll, p.dialAll} {
		if err := step(ctx, places, ends); err != nil {
			ends.release(ctx)
			return nil, err
		}
	}
	return ends, nil
}

// bind lists the places of both ends and binds those at which we listen.
func (p *pairOptions) bind() ([]place, error) {
	var places []place
	for _, word := range p.listens {
		listener, err := p.bindAt(word)
		if err != nil {
			return places, err
		}
		places = append(places, place{listener: listener})
	}
	for _, word := range p.connects {
		address, err := duct.ParseAddress(word)
		if err != nil {
			return places, err
		}
		places = append(places, place{dial: address})
	}
	for i, argv := range p.argvs {
		places = append(places, place{argv: argv, path: p.paths[i]})
	}
	for len(places) < 2 {
		listener, err := p.app.bind(duct.Address{}, duct.ListenOptions{Refused: p.report}, p.who)
		if err != nil {
			return places, err
		}
		places = append(places, place{listener: listener})
		if _, err := fmt.Fprintln(p.streams.Out, listener.Address()); err != nil {
			return places, &relay.BrokenError{End: "stdout", Writing: true, Err: err}
		}
	}
	return places, nil
}

func (p *pairOptions) bindAt(word string) (*duct.Listener, error) {
	address, err := duct.ParseAddress(word)
	if err != nil {
		return nil, err
	}
	listener, err := p.app.bind(address, duct.ListenOptions{Mode: p.mode.mode, Refused: p.report}, p.who)
	if err == nil && chosen(word) {
		p.note("listening on %s", listener.Address())
	}
	return listener, err
}

// acceptAll waits for the peers, which may come in either order.
func (p *pairOptions) acceptAll(ctx context.Context, places []place, ends *pairEnds) error {
	failed := make(chan error, len(places))
	waiting := 0
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for i, at := range places {
		if at.listener == nil {
			continue
		}
		waiting++
		go func() {
			conn, err := p.accept(ctx, at.listener, p.launcher.wait)
			if err == nil {
				ends.list[i] = p.ductEnd(conn, "the connection on "+at.listener.Address().String())
			}
			failed <- err
		}()
	}
	var first error
	for range waiting {
		if err := <-failed; err != nil && first == nil {
			first = err
			cancel() // the other one need not wait any longer
		}
	}
	return first
}

// launchAll starts the commands.
func (p *pairOptions) launchAll(ctx context.Context, places []place, ends *pairEnds) error {
	for i, at := range places {
		if at.argv == nil {
			continue
		}
		end, process, err := p.start(ctx, at)
		if err != nil {
			return err
		}
		ends.list[i] = end
		ends.processes = append(ends.processes, process)
	}
	return nil
}

// start starts one command and makes an end of it.
func (p *pairOptions) start(ctx context.Context, at place) (*relay.End, *child.Process, error) {
	if p.via == viaStdio {
		env := childEnv(os.Environ(), map[string]string{"": ownPath()})
		f, err := startFilter(at.path, at.argv, env, p.streams.Err)
		if err != nil {
			return nil, nil, err
		}
		return f.end(&p.messageFlags, p.streams), f.Process, nil
	}
	h, err := p.launch(ctx, at.path, at.argv)
	if err != nil {
		return nil, nil, err
	}
	return h.end(p.ductOptions()), h.Process, nil
}

// dialAll connects, the other ends having their peers.
func (p *pairOptions) dialAll(ctx context.Context, places []place, ends *pairEnds) error {
	for i, at := range places {
		if at.dial.IsZero() {
			continue
		}
		conn, err := p.dial(ctx, at.dial, p.launcher.wait, duct.DialOptions{TLS: p.who.tls})
		if err != nil {
			return err
		}
		ends.list[i] = p.ductEnd(conn, "the connection to "+at.dial.String())
	}
	return nil
}

func (p *pairOptions) ductEnd(conn duct.Conn, name string) *relay.End {
	end := relay.Duct(conn, p.ductOptions())
	end.Name = name
	return end
}

// ductOptions are those of every duct of the pair. Payloads stream where they
// are not looked at and need not be whole for a format.
func (p *pairOptions) ductOptions() relay.DuctOptions {
	toRecords := p.via == viaStdio && len(p.argvs) > 0
	return relay.DuctOptions{
		Limit:  int64(p.maxSize),
		Sole:   true,
		Stream: !p.isWatching(p.app) && (!toRecords || p.out.Streams),
	}
}
