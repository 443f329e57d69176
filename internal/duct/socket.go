package duct

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
)

// A stream is what *net.UnixConn and *net.TCPConn have in common.
type stream interface {
	net.Conn
	syscall.Conn
	CloseRead() error
	CloseWrite() error
}

// A socket is a Conn of our own, whose waiting is done by Go's poller.
type socket struct {
	conn    stream
	raw     syscall.RawConn
	address Address

	moved  atomic.Int64
	fault  fault
	open   context.Context // until Close
	shut   context.CancelFunc
	ending atomic.Bool // CloseRead was called
	out    outgoing
}

func newSocket(conn net.Conn, address Address) (*socket, error) {
	s, ok := conn.(stream)
	if !ok {
		return nil, fmt.Errorf("%T is no stream socket", conn)
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &socket{conn: s, raw: raw, address: address}
	c.enlarge(sendBuffer)
	c.open, c.shut = context.WithCancel(context.Background())
	c.out.prepare(c)
	return c, nil
}

// What a Unix socket of ours takes, in bytes, before its peer has read it. TCP
// finds its own measure; a Unix socket keeps to the system's default, with
// which a writer of large pieces waits for every one.
const (
	sendBuffer     = 512 << 10 // as one of many
	soleSendBuffer = 4 << 20   // as the only one
)

// Enlarge lets more of what is sent wait in the system, for a duct that is the
// only one of its process: the two sides then wait less for each other. It
// leaves alone what is no Unix socket of ours.
func Enlarge(c Conn) {
	if s, ok := c.(*socket); ok {
		s.enlarge(soleSendBuffer)
	}
}

func (s *socket) enlarge(bytes int) {
	if s.address.IsUnix() {
		s.raw.Control(func(fd uintptr) { enlarge(int(fd), bytes) })
	}
}

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.read(p)
	s.moved.Add(int64(n))
	return n, s.fault.instead(s.explain("read from", err))
}

// CloseWrite ends the sending direction.
func (s *socket) CloseWrite() error {
	return s.explain("end sending to", s.conn.CloseWrite())
}

// CloseRead ends the receiving direction.
func (s *socket) CloseRead() error {
	s.ending.Store(true)
	err := s.endReading()
	// Where the connection has broken there is nothing left to end.
	if errors.Is(err, syscall.ENOTCONN) {
		return nil
	}
	return s.explain("end receiving from", err)
}

func (s *socket) Close() error {
	s.shut()
	return s.explain("close the connection to", s.conn.Close())
}

func (s *socket) Address() Address { return s.address }

func (s *socket) Moved() int64 { return s.moved.Load() }

func (s *socket) Peer() (peer Peer, err error) {
	// Linux answers for TCP too, with uid -1.
	if !s.address.IsUnix() {
		return Peer{}, errors.ErrUnsupported
	}
	if e := s.raw.Control(func(fd uintptr) { peer, err = peerOf(int(fd)) }); e != nil {
		err = e
	}
	return peer, s.explain("ask who is at", err)
}

func (s *socket) Err() error {
	return s.fault.ask(func() (err error) {
		if e := s.raw.Control(func(fd uintptr) { err = pendingError(int(fd)) }); e != nil {
			err = e
		}
		return s.explain("connection to", err)
	})
}

// explain says what was being done when the system said err.
func (s *socket) explain(doing string, err error) error { return explain(doing, s.address, err) }
