package cmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"ductworks/internal/relay"
)

// seeing are the flags that show what passes.
type seeing struct {
	hexdump  bool
	record   string
	stats    bool
	progress whenValue

	watch // what they ask for, once openWatch was called
}

func (v *seeing) registerSeeing(c *cobra.Command) {
	fs := c.Flags()
	fs.BoolVarP(&v.hexdump, "hexdump", "x", false, "show each frame on stderr as a hex dump")
	fs.StringVar(&v.record, "record", "", "append a JSON line for each message to `FILE`")
	fs.BoolVar(&v.stats, "stats", false, "say at the end, in one JSON line on stderr, what passed")
	fs.Var(&v.progress, "progress", "show on stderr what has passed, as it passes: "+listOf(whens))
	c.RegisterFlagCompletionFunc("progress", completeWhen)
	group(fs, "Seeing", "hexdump", "record", "stats", "progress")
}

// isWatching says whether every message is looked at, and so must be whole.
func (v *seeing) isWatching(a *app) bool { return v.record != "" || v.hexdump || a.verbose > 1 }

// converse runs a conversation and shows what passes. What comes from near is
// sent, what comes from far received.
func (v *seeing) converse(ctx context.Context, a *app, near, far *relay.End, o relay.Options) (relay.Result, error) {
	taps := v.taps(0)
	near.Tap, far.Tap = taps.Sent, taps.Received
	stop := func() {}
	if v.showsProgress(a) {
		started := o.Started
		o.Started = func(soFar func() relay.Result) {
			if started != nil {
				started(soFar)
			}
			stop = v.followProgress(a, near, soFar)
		}
	}
	start := time.Now()
	r, err := relay.Run(ctx, near, far, o)
	stop()
	if cerr := v.close(); err == nil {
		err = cerr
	}
	v.printStats(a, totals{Result: r}, start, err)
	if endsReported(err) {
		err = reportedError{err}
	}
	return r, err
}
