package duct

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// ListenOptions say who may come in.
type ListenOptions struct {
	// Mode is the mode of the socket file, exactly, whatever the umask; 0
	// means 0600.
	Mode fs.FileMode
	// Admit says whether a Unix peer may come in. nil admits our own uid and
	// root, and everybody where Mode opens the socket to group or others.
	// Other transports are not asked about: nobody vouches for their peers.
	Admit func(Peer) error
	// Refused is told of each peer that was turned away, as a *RefusedError,
	// and, once a shortage of descriptors, that the next one has to wait, as
	// an *UnavailableError. It is called by Accept and may be nil.
	Refused func(error)
	// TLS is for tls addresses.
	TLS TLSOptions
}

const privateMode fs.FileMode = 0o600

func (o ListenOptions) withDefaults() ListenOptions {
	if o.Mode == 0 {
		o.Mode = privateMode
	}
	if o.Admit == nil {
		o.Admit = ownerOrRoot
		if o.Mode.Perm()&0o077 != 0 {
			o.Admit = anyone
		}
	}
	if o.Refused == nil {
		o.Refused = func(error) {}
	}
	return o
}

// A Listener waits for peers at an address. One goroutine may call Accept
// while any number call the other methods.
type Listener struct {
	address Address
	options ListenOptions
	source  source
	remove  func() error // takes away what Listen made in the file system

	close  func() error // does it once
	closed chan struct{}
}

// A source is where connections come from. Its accept returns an error that
// wraps net.ErrClosed after close, any error once ctx has ended, and
// a *RefusedError for a peer that was turned away.
type source interface {
	accept(ctx context.Context) (Conn, error)
	close() error
}

func newListener(a Address, o ListenOptions, s source, remove func() error) *Listener {
	l := &Listener{address: a, options: o, source: s, remove: remove, closed: make(chan struct{})}
	l.close = sync.OnceValue(l.shut)
	return l
}

// Address is where peers can connect, with the port that was chosen filled in.
func (l *Listener) Address() Address { return l.address }

// Vouches says whether the system tells who its peers are, so that Admit is
// asked about them.
func (l *Listener) Vouches() bool {
	v, ok := l.source.(interface{ vouches() bool })
	return l.address.IsUnix() || ok && v.vouches()
}

// Accept waits for the next peer that is admitted. Others are closed unread,
// cost nobody a place and are reported through Refused. While no descriptor is
// left it waits too. It returns context.Cause(ctx) when ctx ends, and an error
// that wraps net.ErrClosed once Close was called.
func (l *Listener) Accept(ctx context.Context) (Conn, error) {
	short := shortage{listener: l}
	for {
		c, err := l.source.accept(ctx)
		switch {
		case err == nil:
			short.over()
			if l.admit(c) {
				return c, nil
			}
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.As(err, new(*RefusedError)):
			short.over()
			l.options.Refused(err)
		case isPassing(err):
			short.sitOut(ctx, err)
		default:
			return nil, explain("accept on", l.address, err)
		}
	}
}

// admit closes c if it is nobody that we want.
func (l *Listener) admit(c Conn) bool {
	peer, err := c.Peer()
	if errors.Is(err, errors.ErrUnsupported) {
		return true
	}
	if err == nil {
		err = l.options.Admit(peer)
	}
	if err == nil {
		return true
	}
	c.Close()
	l.options.Refused(&RefusedError{
		Doing: fmt.Sprintf("refused a peer on %s (uid %d, pid %d)", l.address, peer.UID, peer.PID), Err: err})
	return false
}

// Close stops listening and removes the socket that Listen made, if it still
// lies at its path. Peers that were accepted stay. Calling it again does
// nothing and returns the same.
func (l *Listener) Close() error { return l.close() }

// shut removes the socket file first: once the socket is closed, a new one of
// another program can get its inode number and pass for ours.
func (l *Listener) shut() error {
	close(l.closed)
	if err := cmp.Or(l.remove(), l.source.close()); err != nil {
		return fmt.Errorf("stop listening on %s: %w", l.address, err)
	}
	return nil
}
