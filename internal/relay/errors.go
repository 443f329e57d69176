package relay

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"ductworks/internal/duct"
	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// ErrOutputClosed says that whoever read our output went away.
var ErrOutputClosed = errors.New("the reader of the output went away")

// A BrokenError says that reading or writing one end failed. Its text is
// a whole sentence.
type BrokenError struct {
	// End is the name of the end that broke.
	End string
	// Writing tells a failed write from a failed read.
	Writing bool
	// Duct says that the end is a duct; then Written counts the messages that
	// the system has taken for it.
	Duct    bool
	Written int64
	Err     error

	end *End
}

func (e *BrokenError) Error() string {
	if e.Duct {
		return fmt.Sprintf("%s broke after %s written, the last of which may not have been read: %v",
			e.End, messages(e.Written), cause(e.Err))
	}
	if e.Writing {
		return fmt.Sprintf("cannot write to %s: %v", e.End, cause(e.Err))
	}
	return fmt.Sprintf("cannot read %s: %v", e.End, cause(e.Err))
}

func (e *BrokenError) Unwrap() error { return e.Err }

// cause strips what packages net and os say around the words of the system:
// which end it was is known.
func cause(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

func messages(n int64) string {
	if n == 1 {
		return "1 message was"
	}
	return fmt.Sprintf("%d messages were", n)
}

// An UnfitError says that payloads arrived that could not be shown. Each of
// them has been reported already.
type UnfitError struct{ Count int64 }

func (e *UnfitError) Error() string {
	return fmt.Sprintf("%d received messages could not be shown", e.Count)
}

// A PayloadError says which payload could not be shown, and why.
type PayloadError struct {
	// Number counts the messages received, from 1.
	Number, Size int64
	Format       string
	Err          *format.UnfitError
}

func (e *PayloadError) Error() string {
	return fmt.Sprintf("message %d, of %d bytes, cannot be shown as %s: %v", e.Number, e.Size, e.Format, e.Err)
}

func (e *PayloadError) Unwrap() error { return e.Err }

// A CountError says that the peer ended before the wanted number of messages.
type CountError struct{ Got, Want int64 }

func (e *CountError) Error() string {
	return fmt.Sprintf("the peer ended after %d of the %d messages that --count asks for", e.Got, e.Want)
}

// A TimeoutError says which patience ran out.
type TimeoutError struct {
	// What says in words what did not happen in time.
	What  string
	After time.Duration
}

func (e *TimeoutError) Error() string { return fmt.Sprintf("%s within %v", e.What, e.After) }

// endsConversation says whether after err there is nothing more to be had from
// either direction: the peer does not speak the protocol, is out of step, or
// has turned us away.
func endsConversation(err error) bool {
	var (
		magic *frame.MagicError
		size  *frame.SizeError
		torn  *frame.TornError
		inTLS *duct.TLSError
		no    *duct.RefusedError
	)
	return errors.As(err, &magic) || errors.As(err, &size) || errors.As(err, &torn) ||
		errors.As(err, &inTLS) || errors.As(err, &no)
}

// endsInput says whether err is about input that is wrong or cannot be read:
// the direction ends with it, all before it having been sent.
func endsInput(err error) bool {
	var (
		record *format.RecordError
		broken *BrokenError
	)
	return errors.As(err, &record) || errors.As(err, &broken) && !broken.Duct && !broken.Writing
}

// fails says whether the end of a lane with err is a failure.
func fails(err error) bool {
	return err != nil && err != errStopped && err != errUnread
}

// spares says whether err leaves the other direction alone: a duct to which
// nothing more can be written may still hold what is to be read.
func spares(err error) bool {
	var broken *BrokenError
	return !fails(err) || endsInput(err) || errors.As(err, &broken) && broken.Duct && broken.Writing
}

// worst gives the error that a conversation is remembered by: a protocol
// error wins over a broken connection, which wins over bad data.
func worst(errs ...error) error {
	var found error
	for _, err := range errs {
		if err != nil && (found == nil || rank(err) > rank(found)) {
			found = err
		}
	}
	return found
}

func rank(err error) int {
	var (
		broken *BrokenError
		count  *CountError
		record *format.RecordError
		unfit  *UnfitError
	)
	switch {
	case errors.As(err, &record), errors.As(err, &unfit):
		return 1
	case errors.As(err, &count):
		return 2
	case errors.As(err, &broken):
		return 3
	}
	return 4
}
