package relay

import (
	"context"
	"time"
)

// Forever is a patience without end.
const Forever time.Duration = -1

// Options say when a conversation is over, beyond both directions' ends.
type Options struct {
	// Count is how many messages from the second end to the first end it. Zero means no such number.
	Count int64
	// Linger is for how long the second end is waited for once the first
	// has no more to send. Forever waits until it ends.
	Linger time.Duration
	// EndWithFirst and EndWithSecond end the conversation when that end has
	// no more to send.
	EndWithFirst, EndWithSecond bool
	// IdleTimeout ends it when no byte has moved for so long. Zero means never.
	IdleTimeout time.Duration
	// Report is told at once of input that was wrong. Nil means nobody is.
	Report func(error)
	// Started, if not nil, is called before anything is carried. SoFar says, to
	// any goroutine and until Run returns, what has been carried up to now; it
	// costs nothing where nobody asks.
	Started func(soFar func() Result)
}

// A Result says what was carried.
type Result struct {
	// Sent and Received count messages from the first end to the second, and back.
	Sent, Received int64
	// SentBytes and ReceivedBytes count what was in the payloads of all
	// messages that were read from each end, passed on or not.
	SentBytes, ReceivedBytes int64
}

// Run carries messages between two ends until their conversation is over.
// The ends are Run's: it releases them.
//
// The error, if any, is the worst of what happened: a *frame.TornError,
// *frame.MagicError, *frame.SizeError, *duct.TLSError or *duct.RefusedError,
// ErrOutputClosed, a *BrokenError, a *CountError, a *format.RecordError (which
// Report was told of), an *UnfitError (each part of which was reported),
// a *TimeoutError or, where ctx ended it, the cause of that.
func Run(ctx context.Context, first, second *End, o Options) (Result, error) {
	c := newConversation(first, second, o)
	err := c.run(ctx)
	return c.result(), err
}
