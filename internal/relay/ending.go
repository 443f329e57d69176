package relay

import (
	"context"
	"errors"
	"io"
	"time"

	"ductworks/internal/duct"
)

// abortGrace is how long an ending that cannot wait gives what is being
// written to stdout, so that it is not cut in two.
const abortGrace = 200 * time.Millisecond

// conclude sees to it that all that was received from either end is passed on.
func (c *conversation) conclude(ctx context.Context) error {
	if c.isComplete() {
		c.unblock(c.second)
	}
	for i, l := range c.lanes {
		if c.ended[i] {
			continue
		}
		if err := c.quiesce(ctx, l); err != nil {
			return err
		}
	}
	return c.release(ctx)
}

// unblock reads and throws away what comes from an end of which enough has
// come: it may not read what it is still to be given before it is rid of that.
func (c *conversation) unblock(e *End) {
	if e.duct != nil && !e.duct.exact {
		go io.Copy(io.Discard, e.duct.conn) // until Release
	}
}

// quiesce stops a lane, and waits until it has passed on what it received.
func (c *conversation) quiesce(ctx context.Context, l *lane) error {
	gone := l.to.Gone
	for !l.stop() {
		select {
		case <-l.done:
			c.note(l.err)
			return nil
		case <-gone:
			gone = nil
			l.to.cut()
		case to := <-c.hungUp:
			c.endHungUp(ctx, to)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// release gives both ends back, once the systems of their peers have all that
// was written.
func (c *conversation) release(ctx context.Context) error {
	for _, l := range c.lanes {
		if l.to.duct == nil || l.to.isGone() {
			continue
		}
		err := c.settle(ctx, l.to.duct.conn)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !c.isComplete():
			c.note(l.sinkError(err))
		}
	}
	c.first.Release()
	c.second.Release()
	return nil
}

// settle makes sure that closing conn destroys nothing that was written to it.
// The error is a reset.
func (c *conversation) settle(ctx context.Context, conn duct.Conn) error {
	if c.impatient || c.lanes[0].isThrough() && c.lanes[1].isThrough() {
		return conn.Err()
	}
	if err := conn.Settle(ctx); err != nil {
		return err
	}
	return conn.Err()
}

// isComplete says whether as many messages came as were asked for: then it is
// all the same what became of the peer.
func (c *conversation) isComplete() bool {
	return c.Count > 0 && c.lanes[1].messages() >= c.Count
}

// abort ends both lanes where they are. A lane that waits for an inherited
// stdin or stdout cannot be woken: it is left behind.
func (c *conversation) abort() {
	quiet := [2]bool{c.lanes[0].stop(), c.lanes[1].stop()}
	c.first.Release()
	c.second.Release()
	grace := time.After(abortGrace)
	for i, l := range c.lanes {
		if quiet[i] {
			continue
		}
		select {
		case <-l.done:
		case <-grace:
			return
		}
	}
}

// verdict is what the conversation is remembered by, err having ended it.
func (c *conversation) verdict(err error) error {
	errs := append(c.errs, err)
	if got := c.lanes[1].messages(); c.ended[1] && got < c.Count {
		errs = append(errs, &CountError{Got: got, Want: c.Count})
	}
	if n := c.unfit(); n > 0 {
		errs = append(errs, &UnfitError{n})
	}
	found := worst(errs...)
	var broken *BrokenError
	if errors.As(found, &broken) && broken.Duct {
		broken.Written = broken.end.written()
	}
	return found
}

func (c *conversation) unfit() (n int64) {
	for _, l := range c.lanes {
		if s, ok := l.to.Sink.(*recordSink); ok {
			n += s.unfit.Load()
		}
	}
	return n
}

func (c *conversation) result() Result {
	sent, received := c.lanes[0], c.lanes[1]
	return Result{
		Sent: sent.delivered(), SentBytes: sent.payloadBytes(),
		Received: received.delivered(), ReceivedBytes: received.payloadBytes(),
	}
}

// soFar is result while lanes run.
func (c *conversation) soFar() Result {
	sent, received := c.lanes[0], c.lanes[1]
	return Result{
		Sent: sent.delivered(), SentBytes: sent.passedBytes(),
		Received: received.delivered(), ReceivedBytes: received.passedBytes(),
	}
}
