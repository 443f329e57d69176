package relay

import (
	"io"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// streamAbove is the size in bytes above which a payload goes through as it
// arrives, where the format allows.
const streamAbove = 1 << 20

// DuctOptions are how a duct is used.
type DuctOptions struct {
	// Limit is the largest payload in bytes that is received.
	Limit int64
	// Exact keeps the relay from reading past the frames that it takes.
	Exact bool
	// Stream lets large payloads through as they arrive.
	Stream bool
	// Sole says that the process has no duct but this one, or a pair's two, so
	// that it may take more of the system's memory.
	Sole bool
	// StayOpen leaves the sending direction open when there is nothing more to send.
	StayOpen bool
	// Lock, if not nil, is held while frames are written, and never while more
	// of them are waited for: other processes send on the same socket. Nothing
	// is received then.
	Lock frame.Lock
}

// ductEnd is what the relay knows of an end that is a duct.
type ductEnd struct {
	conn   duct.Conn
	writer *frame.Writer
	exact  bool
	shared bool // with others who send
	stream bool // lets large payloads through as they arrive
}

// Duct makes a conversation's end of a connected duct.
func Duct(c duct.Conn, o DuctOptions) *End {
	if o.Sole {
		duct.Enlarge(c)
	}
	w := frame.NewWriter(c)
	w.Transfer = transfer
	end := &End{
		Name:    "the connection to " + c.Address().String(),
		Reader:  c,
		Sink:    &ductSink{Writer: w, conn: c, stayOpen: o.StayOpen},
		Drain:   func() { c.CloseRead() },
		Release: func() { c.Close() },
		duct:    &ductEnd{conn: c, writer: w, exact: o.Exact, stream: o.Stream},
		hangUp:  func() {},
		source: func(r io.Reader) Source {
			fr := frame.NewReader(r, o.Limit)
			fr.Exact = o.Exact
			if o.Stream {
				fr.StreamAbove = streamAbove
				if l, ok := r.(*lane); ok && l.holder != nil {
					fr.StreamAbove = holdAbove
				}
			}
			return fr
		},
	}
	if o.Lock != nil {
		end.share(o.Lock)
	}
	return end
}

// share makes the end one on which others send, too.
func (e *End) share(lock frame.Lock) {
	s := &share{conn: e.duct.conn, lock: lock}
	e.Reader, e.Release = s, s.release
	e.duct.writer.Lock, e.duct.shared = s, true
}

// A ductSink writes frames to a connection.
type ductSink struct {
	*frame.Writer
	conn     duct.Conn
	stayOpen bool
}

func (s *ductSink) Close() error {
	if s.stayOpen {
		return nil
	}
	return s.conn.CloseWrite()
}
