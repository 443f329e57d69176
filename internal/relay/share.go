package relay

import (
	"io"
	"sync/atomic"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// A share is our part in a connection on which other processes send, too. What
// comes from the peer is for none of us to read.
type share struct {
	conn  duct.Conn
	lock  frame.Lock
	held  atomic.Bool
	start atomic.Int64 // bytes moved, when the lock was last taken
}

// Lock waits until no other process writes.
func (s *share) Lock() error {
	if err := s.lock.Lock(); err != nil {
		return err
	}
	s.start.Store(s.conn.Moved())
	s.held.Store(true)
	return nil
}

// Unlock lets other processes write. Whoever has written part of a frame, and
// cannot write the rest, does not call it: they would write into the payload.
func (s *share) Unlock() error {
	s.held.Store(false)
	return s.lock.Unlock()
}

// Read takes nothing. It waits until the peer is gone altogether.
func (s *share) Read([]byte) (int, error) {
	if err := s.conn.AwaitHangup(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// release gives the connection back to those who share it. With half a frame
// on it its stream ends, which the peer sees: the rest would never come.
func (s *share) release() {
	if s.held.Load() && s.conn.Moved() != s.start.Load() {
		s.conn.CloseWrite()
	}
	s.conn.Close()
}
