//go:build linux || darwin

package duct

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A sharedListener accepts on a listening socket that others may accept on
// too. It waits in poll(2) and calls accept(2) when a peer is there.
//
// Its limit: when another process takes that peer first, accept(2) waits for
// the next one, and there is no making it return, short of O_NONBLOCK or
// SO_RCVTIMEO on the socket that is shared. So that call has a goroutine of
// its own. Accept and Close do not wait for it; a peer that it gets later goes
// to the next Accept, or is closed unread if Close came first.
type sharedListener struct {
	*descriptor

	turn    sync.Mutex    // guards what follows
	pending chan accepted // the accept(2) under way, nil for none
	over    bool          // nobody will ask for it any more
}

// adoptListener takes over a listening stream socket.
func adoptListener(a Address, o ListenOptions) (*Listener, error) {
	d, err := adopt(a)
	if err != nil {
		return nil, err
	}
	if on, err := unix.GetsockoptInt(a.number, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || on == 0 {
		d.gone.close()
		return nil, &AddressError{Word: a.String(), Reason: "is not a listening socket"}
	}
	return newListener(a, o, &sharedListener{descriptor: d}, keep), nil
}

// vouches says whether the socket is a Unix one.
func (l *sharedListener) vouches() bool { return isLocal(l.fd) }

func (l *sharedListener) accept(ctx context.Context) (Conn, error) {
	for {
		if err := l.awaitPeer(ctx); err != nil {
			return nil, err
		}
		pending, err := l.begin()
		if err != nil {
			return nil, err
		}
		select {
		case got := <-pending:
			l.forget()
			if isGone(got.err) {
				continue
			}
			return got.conn, got.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-l.gone.fired:
			return nil, net.ErrClosed
		}
	}
}

// isGone reports that the peer went away, or to somebody else.
func isGone(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ECONNABORTED) || errors.Is(err, unix.EINTR)
}

// awaitPeer waits until there is a peer, or an accept(2) that waits for one.
func (l *sharedListener) awaitPeer(ctx context.Context) error {
	if l.underWay() {
		return nil
	}
	cancelled, err := newLatch()
	if err != nil {
		return err
	}
	defer cancelled.close()
	defer context.AfterFunc(ctx, cancelled.fire)()
	return l.use(func() error { return l.wait(unix.POLLIN, cancelled) })
}

func (l *sharedListener) underWay() bool {
	l.turn.Lock()
	defer l.turn.Unlock()
	return l.pending != nil
}

// begin returns where the accept(2) under way puts what it gets.
func (l *sharedListener) begin() (<-chan accepted, error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.pending != nil {
		return l.pending, nil
	}
	// It outlives Close, which gives the number of the descriptor to others.
	var own int
	err := l.use(func() (err error) {
		own, err = unix.FcntlInt(uintptr(l.fd), unix.F_DUPFD_CLOEXEC, lastStandard+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	l.pending = make(chan accepted, 1)
	go l.acceptOne(own, l.pending)
	return l.pending, nil
}

// acceptOne may wait for long, where another process was faster.
func (l *sharedListener) acceptOne(own int, pending chan<- accepted) {
	conn, err := acceptSocket(own)
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.over && err == nil {
		conn.Close()
		return
	}
	pending <- accepted{conn, err}
}

// acceptSocket makes a Conn of the next peer. Its description is ours alone.
// The listener is closed as soon as there is a peer, whom the want of one more
// descriptor would cost the connection.
func acceptSocket(listener int) (Conn, error) {
	fd, err := acceptCloexec(listener)
	unix.Close(listener)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "duct")
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	return newSocket(conn, addressOf(conn.RemoteAddr()))
}

func (l *sharedListener) forget() {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.pending = nil
}

// close also closes a peer that was accepted after the last Accept.
func (l *sharedListener) close() error {
	err := l.descriptor.close()
	l.turn.Lock()
	defer l.turn.Unlock()
	l.over = true
	select {
	case got := <-l.pending:
		if got.err == nil {
			got.conn.Close()
		}
	default:
	}
	return err
}
