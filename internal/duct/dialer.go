package duct

import (
	"context"
	"net"
	"sync"
	"time"
)

// A dialer tries until the listener is there or patience is over.
type dialer struct {
	address Address
	options DialOptions
	net     net.Dialer
	started time.Time

	mu   sync.Mutex
	last error // what the last try that ended came to
}

func newDialer(a Address, o DialOptions) *dialer {
	return &dialer{address: a, options: o, started: time.Now(), last: errNoAnswer}
}

// run keeps the tries apart from the notice, which is due in the middle of a
// try where nothing answers.
func (d *dialer) run(ctx context.Context) (net.Conn, error) {
	type outcome struct {
		conn net.Conn
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		conn, err := d.persist(ctx)
		done <- outcome{conn, err}
	}()
	notice := time.NewTimer(noticeAfter)
	defer notice.Stop()
	for {
		select {
		case o := <-done:
			return o.conn, o.err
		case <-notice.C:
			if d.options.Waiting != nil {
				d.options.Waiting(cause(d.lastFailure()))
			}
		}
	}
}

// persist tries until patience is over.
func (d *dialer) persist(parent context.Context) (net.Conn, error) {
	patience := d.options.Wait
	if patience <= 0 {
		patience = oneTry
	}
	ctx, cancel := context.WithTimeout(parent, patience)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		conn, err := d.try(ctx)
		if err == nil {
			return conn, nil
		}
		again := d.options.Wait > 0 && isTransient(d.address, err) && sleep(ctx, pause)
		if parent.Err() != nil {
			return nil, context.Cause(parent)
		}
		if !again {
			return nil, explainDial(d.address, d.lastFailure(), time.Since(d.started))
		}
	}
}

// try connects once. A try that its deadline cut short says nothing new.
func (d *dialer) try(ctx context.Context) (net.Conn, error) {
	network, target := "tcp", d.address.HostPort()
	if d.address.IsUnix() {
		network, target = "unix", d.address.name
	}
	conn, err := d.net.DialContext(ctx, network, target)
	if err != nil && !isTimeout(err) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.last = err
	}
	return conn, err
}

func (d *dialer) lastFailure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}
