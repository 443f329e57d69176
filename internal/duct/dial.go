package duct

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// DialOptions say how patient and how choosy Dial is.
type DialOptions struct {
	// Wait is how long to go on trying while the listener is not there yet: a
	// missing socket file, a refused connection, a full backlog. 0 is one try.
	Wait time.Duration
	// Waiting is called once, after a second, with what the last try came to,
	// by the goroutine that called Dial. It may be nil.
	Waiting func(cause error)
	// Admit says whether a Unix listener may be who it is; nil takes anyone.
	// Other addresses are not asked about: nobody vouches for them.
	Admit func(Peer) error
	// TLS is for tls addresses.
	TLS TLSOptions
}

const (
	firstPause   = 5 * time.Millisecond
	longestPause = 100 * time.Millisecond
	noticeAfter  = time.Second
	// oneTry bounds the single try of an address that never answers, which the
	// system itself gives up only after minutes.
	oneTry = 10 * time.Second
)

// errNoAnswer is why a try goes on that has come to nothing so far.
var errNoAnswer = errors.New("no answer")

// Dial connects to a. An inherited descriptor is taken over as it is.
//
// An address that does not answer at all ends with Wait, or after ten seconds
// when Wait is 0. A TLS handshake has ten seconds more. The error is an
// *UnavailableError when nobody came, a *RefusedError when the system, Admit or
// one side of TLS said no, an *AddressError when there is no connecting to a,
// and context.Cause(ctx) when ctx ended.
func Dial(ctx context.Context, a Address, o DialOptions) (Conn, error) {
	conn, err := dial(ctx, a, o)
	if err != nil {
		return nil, err
	}
	if err := admitListener(conn, o.Admit); err != nil {
		conn.Close()
		return nil, &RefusedError{Doing: "connect to " + a.String(), Err: err}
	}
	return conn, nil
}

func dial(ctx context.Context, a Address, o DialOptions) (Conn, error) {
	switch {
	case a.scheme == FD:
		return adoptConn(a)
	case a.isNetwork() && a.number == 0:
		return nil, &AddressError{Word: a.String(), Reason: "has port 0, which only a listener can have"}
	case a.IsZero():
		return nil, &AddressError{Reason: "is empty"}
	}
	conn, err := newDialer(a, o).run(ctx)
	if err != nil {
		return nil, err
	}
	s, err := newSocket(conn, a)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if a.scheme == TLS {
		return dialTLS(ctx, s, o.TLS)
	}
	return s, nil
}

func admitListener(c Conn, admit func(Peer) error) error {
	if admit == nil {
		return nil
	}
	peer, err := c.Peer()
	if errors.Is(err, errors.ErrUnsupported) && !c.Address().IsUnix() {
		return nil
	}
	if err != nil {
		return err
	}
	return admit(peer)
}

// isTransient reports a failure that passes once the listener is there.
func isTransient(a Address, err error) bool {
	switch {
	case isRefused(err):
		// connect(2) says the same of a file that is no socket.
		return !a.IsUnix() || a.IsAbstract() || !isBystander(a.name)
	case a.IsUnix():
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EAGAIN)
	}
	return false
}

// isBystander reports a file that is there and is no socket.
func isBystander(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Type() != fs.ModeSocket
}

// explainDial puts the last failure of a dial into words, and says what to do.
func explainDial(a Address, err error, tried time.Duration) error {
	doing := "connect to " + a.String()
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &RefusedError{Doing: doing, Err: cause(err), Hint: "does the socket belong to another user?"}
	case a.IsUnix() && !a.IsAbstract() && isRefused(err) && isBystander(a.name):
		return &UnavailableError{Doing: doing, Err: errNoSocket}
	case errors.Is(err, syscall.EPROTOTYPE):
		return &UnavailableError{Doing: doing, Err: errors.New("it is no stream socket")}
	}
	if tried >= time.Second {
		doing += fmt.Sprintf(" (tried for %s)", tried.Round(100*time.Millisecond))
	}
	var hint string
	if isTransient(a, err) || errors.Is(err, errNoAnswer) {
		hint = "is anybody listening there?"
	}
	if host := filepath.Base(a.name); a.IsUnix() && errors.Is(err, fs.ErrNotExist) && isHost(host) {
		hint += fmt.Sprintf(" (a host needs a port, as in %s)", net.JoinHostPort(host, "8080"))
	}
	return &UnavailableError{Doing: doing, Err: cause(err), Hint: hint}
}

// isHost reports a name that hardly anybody would give a socket file.
func isHost(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost"
}

var errNoSocket = errors.New("it is not a socket")

// isTimeout reports that a try was cut short by its deadline. EAGAIN and
// ETIMEDOUT call themselves timeouts too, and are answers.
func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}
