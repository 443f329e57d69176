package cmd

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strconv"

	"ductworks/internal/child"
	"ductworks/internal/duct"
	"ductworks/internal/relay"
)

// A launcher starts CMDs that speak the wire and hold an end of a duct.
type launcher struct {
	*app
	via  string
	at   string // the address that CMD is given, empty for a fresh one
	wait durationValue
	who  *securityFlags // who may connect at the address
}

// A holder is a CMD that was started and the end of the duct that we hold.
type holder struct {
	*child.Process
	conn duct.Conn
}

// end makes a conversation's end of the duct to the holder.
func (h *holder) end(o relay.DuctOptions) *relay.End {
	end := relay.Duct(h.conn, o)
	end.Name = "the duct to the command"
	end.Gone = h.Done()
	return end
}

// launch starts CMD, whose program is at path, and comes back when it holds
// its end.
func (l *launcher) launch(ctx context.Context, path string, argv []string) (*holder, error) {
	switch l.via {
	case viaFD:
		return l.launchFD(path, argv)
	case viaPipe:
		return l.launchPipe(path, argv)
	}
	return l.launchAddress(ctx, path, argv)
}

// spec describes CMD: its stdin is empty and its stdout is our stderr, so that
// our own stdout holds messages alone.
func (l *launcher) spec(path string, argv []string, variables map[string]string) child.Spec {
	all := map[string]string{"": ownPath()}
	maps.Copy(all, variables)
	return child.Spec{
		Path: path, Args: argv, Env: childEnv(os.Environ(), all),
		Stdout: l.streams.Err, Stderr: l.streams.Err,
	}
}

// ownPath is by what a CMD can run ductworks.
func ownPath() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

func (l *launcher) launchFD(path string, argv []string) (*holder, error) {
	conn, theirs, err := duct.Pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	spec := l.spec(path, argv, map[string]string{"_FD": "3"}) // the first after stdio
	spec.Files = []*os.File{theirs}
	return hold(conn, spec)
}

func (l *launcher) launchPipe(path string, argv []string) (*holder, error) {
	ends, err := openPipes()
	if err != nil {
		return nil, err
	}
	defer ends.closeChild()
	spec := l.spec(path, argv, nil)
	spec.Stdin, spec.Stdout = ends.childIn, ends.childOut
	return hold(duct.OverPipes(ends.stdout, ends.stdin.File), spec)
}

// hold starts the program that holds the other end of conn.
func hold(conn duct.Conn, spec child.Spec) (*holder, error) {
	p, err := child.Start(spec)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &holder{p, conn}, nil
}

func (l *launcher) launchAddress(ctx context.Context, path string, argv []string) (*holder, error) {
	listener, err := l.listen()
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	address := listener.Address()
	p, err := child.Start(l.spec(path, fillIn(argv, address), addressVariables(address)))
	if err != nil {
		return nil, err
	}
	conn, err := l.acceptFrom(ctx, listener, p)
	if err != nil {
		if !is[*neverConnectedError](err) {
			p.Stop(stopSignal(ctx), killGrace)
		}
		return nil, err
	}
	return &holder{p, conn}, nil
}

// listen binds the address that CMD is to be given.
func (l *launcher) listen() (*duct.Listener, error) {
	address, err := l.address()
	if err != nil {
		return nil, err
	}
	listener, err := l.bind(address, duct.ListenOptions{Refused: l.report}, l.who)
	if err == nil && address.Host() != "" && !isExposed(listener.Address()) && l.who.tls.Authorities == nil {
		l.note("any local user can connect to %s before the command does", listener.Address())
	}
	return listener, err
}

// address is what --at names, or zero.
func (l *launcher) address() (duct.Address, error) {
	if l.at == "" {
		return duct.Address{}, nil
	}
	address, err := duct.ParseAddress(l.at)
	if err == nil && address.Scheme() == duct.FD {
		err = usagef("--at %s: CMD is given a descriptor by --via fd", l.at)
	}
	return address, err
}

// acceptFrom waits until CMD has connected. One that ends before has not, and
// will not.
func (l *launcher) acceptFrom(ctx context.Context, listener *duct.Listener, p *child.Process) (duct.Conn, error) {
	ctx, cancel := timeLimit(ctx, l.wait.d, "the command did not connect")
	defer cancel()
	waiting, ended := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.Done():
			ended()
		case <-waiting.Done():
		}
	}()
	defer ended()
	conn, err := listener.Accept(waiting)
	if err == nil || ctx.Err() != nil {
		return conn, cancelled(ctx, err)
	}
	// It may have connected and ended, all before we looked.
	if conn, err = listener.AcceptQueued(); conn != nil || err != nil {
		return conn, err
	}
	return nil, &neverConnectedError{p.Status()}
}

// A neverConnectedError says that CMD ended without taking its end of the duct.
type neverConnectedError struct{ status int }

func (e *neverConnectedError) Error() string {
	return fmt.Sprintf("the command ended with status %d and had never connected "+
		"(its address is in $%s_ADDRESS, and in place of each argument {})", e.status, envPrefix)
}

// fillIn puts the address in the place of the arguments that stand for it.
func fillIn(argv []string, a duct.Address) []string {
	filled := make([]string, len(argv))
	for i, arg := range argv {
		switch {
		case i == 0:
		case arg == "{}" && a.IsUnix():
			arg = a.Path()
		case arg == "{}":
			arg = a.HostPort()
		case arg == "{host}" && !a.IsUnix():
			arg = a.Host()
		case arg == "{port}" && !a.IsUnix():
			arg = strconv.Itoa(a.Port())
		}
		filled[i] = arg
	}
	return filled
}

// addressVariables tell CMD where to connect.
func addressVariables(a duct.Address) map[string]string {
	if a.IsUnix() {
		return map[string]string{"_ADDRESS": a.String(), "_PATH": a.Path()}
	}
	return map[string]string{"_ADDRESS": a.String(), "_HOST": a.Host(), "_PORT": strconv.Itoa(a.Port())}
}
