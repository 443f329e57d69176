package duct

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Listen binds a, or takes over an inherited listening descriptor.
//
// A socket file that nobody listens on any more is replaced; a live one, and
// whatever else lies at the path, is left alone. While a socket file is being
// bound the umask of the whole process is narrowed, so other goroutines should
// create no files just then.
//
// The error is an *UnavailableError, or an *AddressError when there is no
// listening on a, or not with these options.
func Listen(a Address, o ListenOptions) (*Listener, error) {
	o = o.withDefaults()
	switch {
	case a.scheme == FD:
		return adoptListener(a, o)
	case a.scheme == TLS:
		return listenTLS(a, o)
	case a.scheme == TCP:
		return listenTCP(a, o)
	case a.IsAbstract():
		return listenAbstract(a, o)
	case a.IsUnix():
		return listenFile(a, o)
	}
	return nil, &AddressError{Reason: "is empty"}
}

func listenTCP(a Address, o ListenOptions) (*Listener, error) {
	ln, err := bind(networkOf(a), a.HostPort(), nil)
	if err != nil {
		return nil, explainBind(a, err)
	}
	return newListener(addressOf(ln.Addr()), o, acceptor{ln}, keep), nil
}

// networkOf keeps 0.0.0.0 to IPv4, which package net would widen to IPv6.
func networkOf(a Address) string {
	if ip, err := netip.ParseAddr(a.name); err == nil && ip.Is4() {
		return "tcp4"
	}
	return "tcp"
}

func listenAbstract(a Address, o ListenOptions) (*Listener, error) {
	ln, err := bind("unix", a.name, nil)
	if err != nil {
		return nil, explainBind(a, err)
	}
	return newListener(a, o, acceptor{ln}, keep), nil
}

// keep removes nothing.
func keep() error { return nil }

// A netListener is what *net.UnixListener and *net.TCPListener have in common.
type netListener interface {
	net.Listener
	SetDeadline(time.Time) error
}

func bind(network, target string, control func(network, address string, c syscall.RawConn) error) (netListener, error) {
	config := net.ListenConfig{Control: control}
	// Multipath TCP, package net's choice, has its own notions of resets and
	// of what is still unsent.
	config.SetMultipathTCP(false)
	ln, err := config.Listen(context.Background(), network, target)
	if err != nil {
		return nil, err
	}
	return ln.(netListener), nil
}

// explainBind puts the failure of a bind into words, and says what to do.
func explainBind(a Address, err error) error {
	e := &UnavailableError{Doing: "listen on " + a.String(), Err: cause(err)}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		e.Hint = "is another program listening there?"
	case errors.Is(err, fs.ErrPermission) && a.isNetwork():
		e.Hint = "ports below 1024 are for root"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		e.Hint = "it is no address of this machine"
	}
	return e
}

// An acceptor is a source whose waiting is done by Go's poller.
type acceptor struct{ ln netListener }

func (a acceptor) accept(ctx context.Context) (Conn, error) {
	defer interruptible(ctx, a.ln)()
	conn, err := a.ln.Accept()
	if err != nil {
		return nil, err
	}
	return newSocket(conn, addressOf(conn.RemoteAddr()))
}

// interruptible makes the end of ctx end the calls that follow and wait for c.
// The function that it returns makes it stop.
func interruptible(ctx context.Context, c interface{ SetDeadline(time.Time) error }) func() {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		c.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-interrupted
			c.SetDeadline(time.Time{})
		}
	}
}

func (a acceptor) close() error { return a.ln.Close() }
