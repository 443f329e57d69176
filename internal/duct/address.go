package duct

import (
	"net"
	"strconv"
	"strings"
)

// A Scheme is the kind of an Address, spelt as it is in front of the colon.
type Scheme string

// The schemes of addresses.
const (
	Unix Scheme = "unix" // a Unix stream socket, in the file system or abstract
	TCP  Scheme = "tcp"
	TLS  Scheme = "tls" // the same as TCP inside TLS
	FD   Scheme = "fd"  // a descriptor inherited from the caller
)

// An Address says where one end of a duct can be reached. Addresses compare
// with ==. The zero value is no address.
type Address struct {
	scheme Scheme
	name   string // absolute path, "@" and abstract name, or host
	number int    // port or descriptor
}

// Scheme returns the kind of the address, "" for none.
func (a Address) Scheme() Scheme { return a.scheme }

// IsZero reports whether a is no address at all.
func (a Address) IsZero() bool { return a == Address{} }

// IsUnix reports whether a is a Unix socket.
func (a Address) IsUnix() bool { return a.scheme == Unix }

// IsAbstract reports whether a is a Unix socket without a file.
func (a Address) IsAbstract() bool { return a.scheme == Unix && strings.HasPrefix(a.name, "@") }

// Path returns the absolute path of a Unix socket, or "@" and its name for an
// abstract one. It is "" for other addresses, and for a peer that bound none.
func (a Address) Path() string {
	if a.scheme != Unix {
		return ""
	}
	return a.name
}

// Host returns the host of a tcp or tls address, without brackets.
func (a Address) Host() string {
	if !a.isNetwork() {
		return ""
	}
	return a.name
}

// Port returns the port of a tcp or tls address, else 0.
func (a Address) Port() int {
	if !a.isNetwork() {
		return 0
	}
	return a.number
}

// HostPort returns the host and port of a tcp or tls address as net.Dial
// takes them.
func (a Address) HostPort() string {
	if !a.isNetwork() {
		return ""
	}
	return net.JoinHostPort(a.name, strconv.Itoa(a.number))
}

// FD returns the number of an inherited descriptor, else -1.
func (a Address) FD() int {
	if a.scheme != FD {
		return -1
	}
	return a.number
}

// String returns the address whole and absolute, so that ParseAddress takes it
// back anywhere on this machine: unix:/run/x, unix:@name, tcp:[::1]:80, fd:3.
// A Unix peer that bound no name, as most, is "unix:".
func (a Address) String() string {
	switch a.scheme {
	case Unix:
		return "unix:" + a.name
	case TCP, TLS:
		return string(a.scheme) + ":" + a.HostPort()
	case FD:
		return "fd:" + strconv.Itoa(a.number)
	}
	return ""
}

func (a Address) isNetwork() bool { return a.scheme == TCP || a.scheme == TLS }

// label is how an error names whoever is at a, which may be a path that a peer
// chose to hurt the eyes that read it.
func (a Address) label() string {
	s := a.String()
	if s == "" || s == "unix:" {
		return "the peer"
	}
	if quoted := strconv.Quote(s); len(quoted) != len(s)+len(`""`) {
		return quoted
	}
	return s
}

// addressOf turns what package net says about the far end of a socket.
func addressOf(addr net.Addr) Address {
	switch addr := addr.(type) {
	case *net.TCPAddr:
		host := addr.IP.String()
		if addr.Zone != "" {
			host += "%" + addr.Zone
		}
		return Address{scheme: TCP, name: host, number: addr.Port}
	case *net.UnixAddr:
		// "@" alone is how package net prints a socket that has no name.
		if addr == nil || addr.Name == "@" {
			return Address{scheme: Unix}
		}
		return Address{scheme: Unix, name: addr.Name}
	}
	return Address{scheme: Unix}
}
