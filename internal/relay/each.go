package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// An Answer makes replies of a message. An error means that there is none.
type Answer func(ctx context.Context, payload []byte) (replies [][]byte, err error)

// EachOptions are how the messages of a duct are answered.
type EachOptions struct {
	// Limit is the largest payload in bytes that is received.
	Limit int64
	// IdleTimeout ends the duct when no byte has moved for so long and no
	// answer is under way. Zero means never.
	IdleTimeout time.Duration
	// StallTimeout ends the duct when the peer has taken no byte of the replies
	// for so long. Zero means never.
	StallTimeout time.Duration
	// Failed is told of each message, counted from 1, that could not be answered.
	Failed func(number int64, err error)
	// Taps see the messages and the replies.
	Taps Taps
	// Admit, if not nil, is asked before each message is answered. Where it
	// says no, the duct is over.
	Admit func() bool
}

// Each answers each message of c, one at a time and in order, until the peer
// ends. When stop ends, what has arrived is answered and then the duct is
// closed; when ctx ends, it is closed at once.
//
// The error is one of those of Run, or says that the peer stalled.
func Each(ctx, stop context.Context, c duct.Conn, answer Answer, o EachOptions) (Result, error) {
	e := &each{EachOptions: o, conn: c, answer: answer}
	e.writer = frame.NewWriter(&e.replies)
	e.replies.conn = c
	ctx, cancel := limitIdle(ctx, o.IdleTimeout, e.moved)
	defer cancel()
	ctx, cancelStalled := e.limitStall(ctx)
	defer cancelStalled()
	defer context.AfterFunc(stop, func() { c.CloseRead() })()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	err := e.run(ctx, stop)
	if err == nil || endsConversation(err) {
		c.Settle(ctx)
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	c.Close()
	return Result{Sent: e.writer.Written(), SentBytes: e.replied, Received: e.number, ReceivedBytes: e.bytes}, err
}

type each struct {
	EachOptions
	conn    duct.Conn
	answer  Answer
	writer  *frame.Writer
	replies replies
	number  int64 // of messages
	bytes   int64 // of those
	replied int64 // bytes of replies
	busy    atomic.Bool
}

// replies is what a peer is written to, and says whether that is under way.
type replies struct {
	conn    duct.Conn
	writing atomic.Bool
}

func (r *replies) Write(p []byte) (int, error) {
	r.writing.Store(true)
	defer r.writing.Store(false)
	return r.conn.Write(p)
}

// moved counts bytes, and never stands still while an answer is under way.
func (e *each) moved() int64 {
	if e.busy.Load() {
		return time.Now().UnixNano()
	}
	return e.conn.Moved()
}

// taken counts bytes, and never stands still while none is to be taken.
// Nothing is read while something is written.
func (e *each) taken() int64 {
	if !e.replies.writing.Load() {
		return time.Now().UnixNano()
	}
	return e.conn.Moved()
}

// limitStall gives a context that ends when the peer takes nothing.
func (e *each) limitStall(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if e.StallTimeout > 0 {
		go func() {
			if awaitStill(ctx, e.StallTimeout, e.taken) {
				cancel(&stallError{})
			}
		}()
	}
	return ctx, func() { cancel(nil) }
}

// run answers until there is nothing more to answer. What there is to say
// before an error has been said.
func (e *each) run(ctx, stop context.Context) error {
	messages := frame.NewReader(flushFirst{e.conn, e.writer}, e.Limit)
	for {
		p, err := messages.Next()
		if err == nil {
			err = e.reply(ctx, p.Bytes)
		}
		if err == nil {
			continue
		}
		flushed := e.writer.Flush()
		if err == io.EOF || err == errStopped || stop.Err() != nil { // else it was the peer's fault
			err = errors.Join(flushed, e.conn.CloseWrite())
		}
		return e.broken(err)
	}
}

// reply answers one message.
func (e *each) reply(ctx context.Context, payload []byte) error {
	if e.Admit != nil && !e.Admit() {
		return errStopped
	}
	e.number++
	e.bytes += int64(len(payload))
	if err := e.Taps.Received.see(payload); err != nil {
		return &tapError{err}
	}
	e.busy.Store(true)
	replies, err := e.answer(ctx, payload)
	e.busy.Store(false)
	if err != nil {
		e.Failed(e.number, err)
		return nil
	}
	for _, r := range replies {
		if err := e.Taps.Sent.see(r); err != nil {
			return &tapError{err}
		}
		if err := e.writer.Put(frame.Payload{Bytes: r}); err != nil {
			return err
		}
		e.replied += int64(len(r))
	}
	return nil
}

// broken says in terms of a conversation what err means.
func (e *each) broken(err error) error {
	var tap *tapError
	switch {
	case errors.As(err, &tap):
		return tap.error
	case err == nil, endsConversation(err), errors.Is(err, net.ErrClosed):
		return err
	}
	return &BrokenError{End: "the connection", Writing: true, Duct: true, Written: e.writer.Written(), Err: err}
}

// A tapError is an error of a tap, and none of the duct.
type tapError struct{ error }

// flushFirst is a reader that flushes before it may have to wait.
type flushFirst struct {
	io.Reader
	w *frame.Writer
}

func (f flushFirst) Read(p []byte) (int, error) {
	if err := f.w.Flush(); err != nil {
		return 0, err
	}
	return f.Reader.Read(p)
}
