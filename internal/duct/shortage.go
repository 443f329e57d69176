package duct

import (
	"context"
	"time"
)

const (
	firstBackoff   = 5 * time.Millisecond
	longestBackoff = 250 * time.Millisecond
)

// A shortage is a time, mostly without a free descriptor, during which accept(2)
// fails at once though a peer is waiting: asking again without a pause would
// only burn a core.
type shortage struct {
	listener *Listener
	pause    time.Duration // 0 when there is none
}

// sitOut reports the shortage when it begins, and waits longer each time.
func (s *shortage) sitOut(ctx context.Context, err error) {
	if s.pause == 0 {
		s.pause = firstBackoff
		s.listener.options.Refused(&UnavailableError{
			Doing: "accept on " + s.listener.address.String(), Err: cause(err), Hint: "trying again"})
	}
	timer := time.NewTimer(s.pause)
	defer timer.Stop()
	s.pause = min(2*s.pause, longestBackoff)
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.listener.closed:
	}
}

func (s *shortage) over() { s.pause = 0 }
