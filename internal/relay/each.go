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
	// Failed is told of each message, counted from 1, that could not be answered.
	Failed func(number int64, err error)
	// Received, if not nil, is told of each message before it is answered.
	Received func()
}

// Each answers each message of c, one at a time and in order, until the peer
// ends. When stop ends, what has arrived is answered and then the duct is
// closed; when ctx ends, it is closed at once.
//
// The error is one of those of Run.
func Each(ctx, stop context.Context, c duct.Conn, answer Answer, o EachOptions) (Result, error) {
	e := &each{EachOptions: o, conn: c, answer: answer, writer: frame.NewWriter(c)}
	ctx, cancel := limitIdle(ctx, o.IdleTimeout, e.moved)
	defer cancel()
	defer context.AfterFunc(stop, func() { c.CloseRead() })()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	err := e.run(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	} else {
		c.Settle(ctx)
	}
	c.Close()
	return Result{Sent: e.writer.Written(), Received: e.number}, err
}

type each struct {
	EachOptions
	conn   duct.Conn
	answer Answer
	writer *frame.Writer
	number int64
	busy   atomic.Bool
}

// moved counts bytes, and never stands still while an answer is under way.
func (e *each) moved() int64 {
	if e.busy.Load() {
		return time.Now().UnixNano()
	}
	return e.conn.Moved()
}

func (e *each) run(ctx context.Context) error {
	messages := frame.NewReader(flushFirst{e.conn, e.writer}, e.Limit)
	for {
		p, err := messages.Next()
		if err == io.EOF {
			return e.broken(errors.Join(e.writer.Flush(), e.conn.CloseWrite()))
		}
		if err == nil {
			err = e.reply(ctx, p.Bytes)
		}
		if err != nil {
			return e.broken(err)
		}
	}
}

// reply answers one message.
func (e *each) reply(ctx context.Context, payload []byte) error {
	e.number++
	if e.Received != nil {
		e.Received()
	}
	e.busy.Store(true)
	replies, err := e.answer(ctx, payload)
	e.busy.Store(false)
	if err != nil {
		e.Failed(e.number, err)
		return nil
	}
	for _, r := range replies {
		if err := e.writer.Put(frame.Payload{Bytes: r}); err != nil {
			return err
		}
	}
	return nil
}

// broken says in terms of a conversation what err means.
func (e *each) broken(err error) error {
	if err == nil || endsConversation(err) || errors.Is(err, net.ErrClosed) {
		return err
	}
	return &BrokenError{End: "the connection", Writing: true, Duct: true, Written: e.writer.Written(), Err: err}
}

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
