package relay

import (
	"context"
	"time"
)

// idleSteps is how many times within an idle timeout it is looked whether
// anything has moved: the timeout comes at most one such step late.
const idleSteps = 8

// limitIdle gives a context that a *TimeoutError ends once nothing has moved
// for the idle timeout.
func (c *conversation) limitIdle(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if c.IdleTimeout > 0 {
		go func() {
			if c.awaitIdle(ctx) {
				cancel(&TimeoutError{What: "nothing moved in either direction", After: c.IdleTimeout})
			}
		}()
	}
	return ctx, func() { cancel(nil) }
}

// awaitIdle waits until nothing has moved for the idle timeout, and returns
// false if ctx ended before.
func (c *conversation) awaitIdle(ctx context.Context) bool {
	ticker := time.NewTicker(max(c.IdleTimeout/idleSteps, time.Millisecond))
	defer ticker.Stop()
	last, since := c.moved(), time.Now()
	for time.Since(since) < c.IdleTimeout {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
		if moved := c.moved(); moved != last {
			last, since = moved, time.Now()
		}
	}
	return true
}

// moved counts bytes where an end is a duct, and messages besides: a large
// message on a slow line is no silence.
func (c *conversation) moved() int64 {
	return c.first.moved() + c.second.moved() + c.lanes[0].messages() + c.lanes[1].messages()
}
