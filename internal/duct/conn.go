// Package duct knows sockets: addresses, dialling, listening, and the connected
// stream sockets that carry frames. It knows no text and no frames.
package duct

import (
	"context"
	"io"
)

// A Conn is one end of a duct: a connected stream socket.
//
// One goroutine may read while another writes and any number call the other
// methods. Errors wrap what the system said, so that errors.Is finds
// syscall.ECONNRESET, syscall.EPIPE and the like, and net.ErrClosed once Close
// was called.
type Conn interface {
	// Read returns io.EOF at the end of the peer's stream.
	//
	// A Unix peer that closes while something of ours lies unread there ends
	// its stream with ECONNRESET, once, after the last of its data; the Read
	// after that returns io.EOF.
	//
	// Inside TLS it returns a *TLSError when the peer's stream is cut, and
	// a *RefusedError when the listener turns our certificate away: that may
	// come after a Write which has failed or has not.
	io.Reader
	// Write moves bytes until all are taken by the system or the connection fails.
	io.Writer
	// CloseWrite ends the sending direction: the peer reads the end of the stream.
	// Inside TLS this is something to read: a peer that closes without having
	// read it resets the connection, and may destroy what it has just sent.
	CloseWrite() error
	// CloseRead ends the receiving direction: what has arrived can still be
	// read, then comes io.EOF, also for a Read that is waiting.
	CloseRead() error
	// AwaitHangup waits until the peer is gone altogether, so that it can
	// neither send nor receive any more, and returns nil then. It is called
	// after Read has returned io.EOF, and a Read that starts meanwhile waits
	// for it. It returns net.ErrClosed once Close was called.
	//
	// TCP shows a departed peer only once it has refused something sent to it.
	AwaitHangup() error
	// Settle prepares an orderly Close. It waits until the peer's system has
	// acknowledged all that was written, throwing away what arrives meanwhile:
	// a TCP socket closed with unread data is reset, and what it had not
	// delivered by then is lost. On a Unix socket, where everything written
	// lies with the peer already, it returns at once.
	//
	// It returns the reset that made waiting pointless, or context.Cause(ctx).
	Settle(ctx context.Context) error
	// Close gives the descriptor back and wakes every call that waits.
	Close() error
	// Address is where the peer is, as it is shown to users.
	Address() Address
	// Peer says who holds the other end, or errors.ErrUnsupported where the
	// system cannot tell, as for TCP.
	Peer() (Peer, error)
	// Moved counts the bytes moved in both directions so far, also by a Write
	// that is still under way.
	Moved() int64
	// Err returns a reset that the system knows of and no call has returned
	// yet, nil if there is none. Asking takes it off the socket: from then on
	// Read gives it in place of io.EOF.
	Err() error
}
