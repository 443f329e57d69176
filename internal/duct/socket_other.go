//go:build !linux && !darwin

package duct

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// piece is how much one call of Write moves at most, so that Moved goes on.
const piece = 64 << 10

type outgoing struct{}

func (*outgoing) prepare(*socket) {}

func (s *socket) Write(p []byte) (int, error) {
	total := 0
	for total < len(p) {
		n, err := s.conn.Write(p[total:min(total+piece, len(p))])
		total += n
		s.moved.Add(int64(n))
		if err != nil {
			return total, s.explain("write to", err)
		}
	}
	return total, nil
}

// endReading wakes the Read that waits. What has arrived and was not read by
// then is given up: this system offers no read that does not wait.
func (s *socket) endReading() error { return s.conn.SetReadDeadline(time.Unix(1, 0)) }

func (s *socket) read(p []byte) (int, error) {
	n, err := s.conn.Read(p)
	if s.ending.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, io.EOF
	}
	return n, err
}

const hangupLook = 50 * time.Millisecond

// AwaitHangup learns of no hang-up here and waits for Close.
func (s *socket) AwaitHangup() error {
	for s.raw.Control(func(uintptr) {}) == nil {
		time.Sleep(hangupLook)
	}
	return s.explain("watch", net.ErrClosed)
}

// Settle cannot ask this system what is still under way.
func (s *socket) Settle(context.Context) error { return nil }

func pendingError(int) error { return nil }

func unsent(int) (int, error) { return 0, nil }

func isClosed(int) bool { return false }

func peerOf(int) (Peer, error) { return Peer{}, errors.ErrUnsupported }

// enlarge leaves the send buffer as it is.
func enlarge(int, int) {}
