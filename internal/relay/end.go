// Package relay joins two ends, each of them a duct or a stream of records,
// and carries messages between them until their conversation has ended. It is
// the only place where ducts and formats meet.
package relay

import (
	"io"

	"ductworks/internal/frame"
)

// A Source gives the messages of one direction. At its end it returns io.EOF.
type Source interface {
	Next() (frame.Payload, error)
}

// A Sink takes the messages of one direction. It may hold them back until Flush.
type Sink interface {
	Put(frame.Payload) error
	Flush() error
	// Close ends the direction, all that was put having been flushed.
	Close() error
}

// An End is one side of a conversation.
type End struct {
	// Name is what errors call it: "stdin", "the connection to unix:/a".
	Name string
	// Reader is what the end's messages are read from.
	Reader io.Reader
	// Sink takes the messages for the end.
	Sink Sink
	// Tap, if not nil, sees what comes from the end.
	Tap Tap
	// Gone, if not nil, is closed when the process that held the end has
	// ended. Messages to it that it has not read are then no loss.
	Gone <-chan struct{}
	// Drain makes Reader end after what has been sent already. Nil means that
	// it cannot be made to end.
	Drain func()
	// Release gives the end back and wakes whoever waits for it.
	Release func()

	source func(io.Reader) Source
	hangUp func()   // tells whoever writes to Reader that nobody reads any more
	lane   *lane    // that carries to the end, once Run was called
	output string   // what errors call Sink, where that is not Name
	duct   *ductEnd // nil for records
}

func (e *End) outName() string {
	if e.output != "" {
		return e.output
	}
	return e.Name
}

// moved counts the bytes that have gone through the end so far, where it is a duct.
func (e *End) moved() int64 {
	if e.duct == nil {
		return 0
	}
	return e.duct.conn.Moved()
}

// isGone says whether the process that held the end has ended.
func (e *End) isGone() bool {
	select {
	case <-e.Gone:
		return true
	default:
		return false
	}
}

// cut ends what is written to the end, and wakes who waits to write there.
func (e *End) cut() {
	if e.duct != nil {
		e.duct.conn.CloseWrite()
		return
	}
	e.Sink.Close()
}

// written counts the messages that the system has taken for the end, where it is a duct.
func (e *End) written() int64 {
	if e.duct == nil {
		return 0
	}
	return e.duct.writer.Written()
}

// Dropped counts the messages that the process which held the end has left
// unread. It is called, once, when Run has returned and that process has ended.
func (e *End) Dropped() int64 {
	s, ofRecords := e.Sink.(*recordSink)
	switch {
	case ofRecords:
		return s.unread()
	case e.duct != nil && e.Gone != nil && e.lane != nil:
		return e.lane.messages() - e.lane.delivered()
	}
	return 0
}
