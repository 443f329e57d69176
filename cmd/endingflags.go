package cmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"ductworks/internal/relay"
)

// endingFlags say when a conversation is over, beyond both directions' ends.
type endingFlags struct {
	count      countValue
	linger     durationValue
	noShutdown bool
	exitOnEOF  bool
	sendOnly   bool
	recvOnly   bool
	wait       durationValue
	idle       durationValue
	timeout    durationValue
}

func (e *endingFlags) register(c *cobra.Command) {
	fs := c.Flags()
	fs.VarP(&e.count, "count", "n", "end once so many messages have been received")
	fs.VarP(&e.linger, "linger", "q", "after the end of stdin, wait at most this long for the peer")
	fs.BoolVar(&e.noShutdown, "no-shutdown", false, "do not tell the peer of the end of stdin")
	fs.BoolVarP(&e.exitOnEOF, "exit-on-eof", "E", false, "end as soon as either direction ends")
	fs.BoolVar(&e.sendOnly, "send-only", false, "print nothing, end once everything is sent")
	fs.BoolVar(&e.recvOnly, "recv-only", false, "send nothing, end when the peer ends")
	fs.VarP(&e.idle, "idle-timeout", "i", "end with 124 when nothing has moved for so long")
	fs.Var(&e.timeout, "timeout", "end with 124 after so long in all")
	fs.VarP(&e.wait, "wait", "w", "how long the duct may take to come about")
	group(fs, "Ending", "count", "linger", "no-shutdown", "exit-on-eof", "send-only", "recv-only", "wait", "idle-timeout", "timeout")
}

func (e *endingFlags) check() error {
	if e.sendOnly && e.recvOnly {
		return usagef("--send-only and --recv-only contradict each other")
	}
	return nil
}

// options are what the relay is to know of the flags. Report is told at once
// of wrong input.
func (e *endingFlags) options(report func(error)) relay.Options {
	o := relay.Options{
		Count:         int64(e.count),
		Linger:        relay.Forever,
		EndWithFirst:  e.exitOnEOF || e.sendOnly,
		EndWithSecond: e.exitOnEOF || e.recvOnly,
		IdleTimeout:   e.idle.d,
		Report:        report,
	}
	if e.linger.set {
		o.Linger = e.linger.d
	}
	return o
}

// limited gives a context that --timeout ends.
func (e *endingFlags) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return timeLimit(ctx, e.timeout.d, "--timeout: the work did not end")
}

// timeLimit gives a context that ends after d, unless d is 0.
func timeLimit(ctx context.Context, d time.Duration, what string) (context.Context, context.CancelFunc) {
	if d == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, &relay.TimeoutError{What: what, After: d})
}
