package duct

import (
	"context"
	"errors"
)

// AcceptQueued accepts, as Accept does, a peer that has connected already. It
// does not wait, save for TLS handshakes that have begun: where there is none
// it returns nil and no error. It is not for a listening descriptor that was
// inherited.
func (l *Listener) AcceptQueued() (Conn, error) {
	for {
		q, ok := l.source.(interface{ queued() (Conn, error) })
		if !ok {
			return nil, nil
		}
		c, err := q.queued()
		switch {
		case errors.As(err, new(*RefusedError)):
			l.options.Refused(err)
		case err != nil:
			return nil, explain("accept on", l.address, err)
		case c == nil || l.admit(c):
			return c, nil
		}
	}
}

// queued is accept for whoever has connected already, and nil where nobody has.
func (a acceptor) queued() (Conn, error) {
	if !a.hasQueued() {
		return nil, nil
	}
	return a.accept(context.Background())
}
