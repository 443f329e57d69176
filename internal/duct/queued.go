package duct

import "context"

// AcceptQueued accepts, as Accept does, a peer that has connected already. It
// does not wait: where there is none it returns nil and no error. It is not
// for a listening descriptor that was inherited.
func (l *Listener) AcceptQueued() (Conn, error) {
	for {
		a, ok := l.source.(acceptor)
		if !ok || !a.hasQueued() {
			return nil, nil
		}
		c, err := a.accept(context.Background())
		if err != nil {
			return nil, explain("accept on", l.address, err)
		}
		if l.admit(c) {
			return c, nil
		}
	}
}
