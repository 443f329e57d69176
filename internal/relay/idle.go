package relay

import (
	"context"
	"time"
)

// idleSteps is how many times within an idle timeout it is looked whether
// anything has moved: the timeout comes at most one such step late.
const idleSteps = 8

// limitIdle gives a context that a *TimeoutError ends once moved, which counts
// what has moved so far, has stood still for the timeout. Zero is no timeout.
func limitIdle(ctx context.Context, timeout time.Duration, moved func() int64) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if timeout > 0 {
		go func() {
			if awaitStill(ctx, timeout, moved) {
				cancel(&TimeoutError{What: "nothing moved in either direction", After: timeout})
			}
		}()
	}
	return ctx, func() { cancel(nil) }
}

// awaitStill waits until moved has stood still for the timeout, and returns
// false if ctx ended before.
func awaitStill(ctx context.Context, timeout time.Duration, moved func() int64) bool {
	ticker := time.NewTicker(max(timeout/idleSteps, time.Millisecond))
	defer ticker.Stop()
	last, since := moved(), time.Now()
	for time.Since(since) < timeout {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
		if now := moved(); now != last {
			last, since = now, time.Now()
		}
	}
	return true
}

// moved counts bytes where an end is a duct, and messages besides: a large
// message on a slow line is no silence.
func (c *conversation) moved() int64 {
	return c.first.moved() + c.second.moved() + c.lanes[0].messages() + c.lanes[1].messages()
}
