package relay

import (
	"context"
	"syscall"
	"time"
)

// A conversation is two lanes and what is known of their ends. All of its
// decisions are made by one goroutine, the one that calls run.
type conversation struct {
	Options
	first, second *End
	lanes         [2]*lane // from the first end to the second, and back
	last          [2]bool  // whether the conversation is over when the lane is
	ended         [2]bool  // whether the lane has ended, by itself
	errs          []error  // what went wrong without ending the conversation
	hungUp        chan *lane
	linger        <-chan time.Time
	over          bool
	impatient     bool // the peer is not waited for any longer
}

func newConversation(first, second *End, o Options) *conversation {
	c := &conversation{Options: o, first: first, second: second, hungUp: make(chan *lane, 2)}
	c.lanes = [2]*lane{newLane(first, second), newLane(second, first)}
	c.last = [2]bool{o.EndWithFirst, o.EndWithSecond || o.Count > 0}
	c.lanes[1].limit = o.Count
	return c
}

func (c *conversation) run(ctx context.Context) error {
	ctx, cancel := limitIdle(ctx, c.IdleTimeout, c.moved)
	defer cancel()
	if c.Started != nil {
		c.Started(c.soFar)
	}
	for _, l := range c.lanes {
		go l.run()
	}
	err := c.converse(ctx)
	if err == nil {
		err = c.conclude(ctx)
	}
	if err != nil {
		c.abort()
	}
	return c.verdict(err)
}

// converse waits until the conversation is over. An error ends it at once,
// without a care for what is under way.
func (c *conversation) converse(ctx context.Context) error {
	sent, received := c.lanes[0].done, c.lanes[1].done
	firstGone, secondGone := c.first.Gone, c.second.Gone
	for !c.over {
		var err error
		select {
		case <-sent:
			sent, err = nil, c.laneEnded(0)
		case <-received:
			received, err = nil, c.laneEnded(1)
		case <-firstGone:
			firstGone = nil
			c.endGone(0)
		case <-secondGone:
			secondGone = nil
			c.endGone(1)
		case to := <-c.hungUp:
			c.endHungUp(ctx, to)
		case <-c.linger:
			c.over, c.impatient = true, true
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// laneEnded deals with the end of a lane. The error ends the conversation.
func (c *conversation) laneEnded(i int) error {
	l, other := c.lanes[i], c.lanes[1-i]
	c.ended[i] = true
	if !spares(l.err) {
		return l.err
	}
	c.note(l.err)
	if c.last[i] || c.ended[1-i] {
		c.over = true
	}
	if l.from.duct != nil && !c.ended[1-i] {
		go c.awaitHangup(other)
	}
	if i == 0 && c.Linger != Forever {
		c.linger = time.After(c.Linger)
	}
	return nil
}

// note keeps an error that does not end the conversation. Wrong input is
// reported at once: its author may still be there, typing.
func (c *conversation) note(err error) {
	if !fails(err) {
		return
	}
	c.errs = append(c.errs, err)
	if endsInput(err) && c.Report != nil {
		c.Report(err)
	}
}

// endGone deals with the end of the process that held an end: what it has
// sent is passed on, and then the conversation is over.
func (c *conversation) endGone(i int) {
	c.last[i] = true
	if drain := c.lanes[i].from.Drain; !c.ended[i] && drain != nil {
		drain()
		return
	}
	c.over = true
}

// awaitHangup waits until the end to which l carries is gone altogether.
func (c *conversation) awaitHangup(l *lane) {
	if l.to.duct.conn.AwaitHangup() == nil {
		c.hungUp <- l
	}
}

// endHungUp ends the conversation, since nobody is there to whom l could
// carry anything. If l has something to carry, it is left to find that out.
func (c *conversation) endHungUp(ctx context.Context, l *lane) {
	if l.drain() {
		return
	}
	for !l.stopIfIdle() {
		select {
		case <-l.done:
			return
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
	if l.isMidway() {
		c.note(l.sinkError(syscall.EPIPE))
		l.end()
	}
	c.over = true
}
