package duct

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// defaultHost is where an address without a host is: this machine alone.
const defaultHost = "127.0.0.1"

// ParseAddress reads an address as users write it:
//
//	unix:PATH, a word with "/", a bare word with no ":"   a Unix socket
//	unix:@NAME, @NAME                                     an abstract one (Linux)
//	tcp:HOST:PORT, HOST:PORT, tcp::PORT, :PORT            TCP; no host is 127.0.0.1
//	tls:HOST:PORT                                         the same inside TLS
//	fd:N                                                  an inherited descriptor
//
// Paths are made absolute. Ports are numbers, since a name means what the
// machine at hand says it means. The error is an *AddressError.
func ParseAddress(s string) (Address, error) {
	if err := refuseLookalike(s); err != nil {
		return Address{}, err
	}
	scheme, rest, found := strings.Cut(s, ":")
	switch {
	case found && scheme == "unix":
		return parseUnix(s, rest)
	case found && (scheme == "tcp" || scheme == "tls"):
		return parseNetwork(s, Scheme(scheme), rest)
	case found && scheme == "fd":
		return parseFD(s, rest)
	case strings.HasPrefix(s, "@"), strings.Contains(s, "/"), !found:
		return parseUnix(s, s)
	}
	return parseNetwork(s, TCP, s)
}

// refuseLookalike turns away words that could be taken for a path or a host
// but are more likely to mean something else.
func refuseLookalike(s string) error {
	if s == "" {
		return &AddressError{Word: s, Reason: "is empty", Hint: "a path, tcp:HOST:PORT or fd:N?"}
	}
	if strings.ContainsRune(s, 0) {
		return &AddressError{Word: s, Reason: "holds a NUL byte"}
	}
	if isNumber(s) {
		return &AddressError{Word: s, Reason: "is a bare number", Hint: fmt.Sprintf("tcp::%s, fd:%s or ./%s?", s, s, s)}
	}
	// Behind unix: the word says what it is, save for the two slashes of a URL.
	at := strings.Index(s, "://")
	if at < 0 || strings.HasPrefix(s, "unix:") && at != len("unix") {
		return nil
	}
	return &AddressError{Word: s, Reason: "looks like a URL", Hint: urlHint(s[:at], s[at+len("://"):])}
}

// urlHint guesses the address that the writer of a URL had in mind.
func urlHint(scheme, rest string) string {
	if quoted := strconv.Quote(rest); len(quoted) != len(rest)+len(`""`) {
		return "" // not fit for the eyes
	}
	switch scheme {
	case "unix":
		return fmt.Sprintf("unix:%s?", rest)
	case "tls", "wss", "https":
		return fmt.Sprintf("tls:%s?", rest)
	case "fd":
		return fmt.Sprintf("fd:%s?", rest)
	}
	host, _, _ := strings.Cut(rest, "/")
	return fmt.Sprintf("tcp:%s?", host)
}

func parseUnix(word, path string) (Address, error) {
	if name, abstract := strings.CutPrefix(path, "@"); abstract {
		return parseAbstract(word, name)
	}
	if path == "" {
		return Address{}, &AddressError{Word: word, Reason: "has no path"}
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return Address{}, &AddressError{Word: word, Reason: "cannot be made an absolute path", Err: err}
	}
	if len(absolute) > maxSocketPath {
		return Address{}, &AddressError{Word: word,
			Reason: fmt.Sprintf("is a path of %d bytes, and a socket's path has at most %d here", len(absolute), maxSocketPath),
			Hint:   "choose a shorter directory"}
	}
	return Address{scheme: Unix, name: absolute}, nil
}

// parseAbstract takes the name of a socket that lives in no directory; see
// unix(7). The byte that "@" stands for leaves it as many as a path has.
func parseAbstract(word, name string) (Address, error) {
	switch {
	case !abstractSockets:
		return Address{}, &AddressError{Word: word, Reason: "is an abstract socket, which Linux alone has", Hint: "use a path"}
	case name == "":
		return Address{}, &AddressError{Word: word, Reason: "has no name after the @"}
	case len(name) > maxSocketPath:
		return Address{}, &AddressError{Word: word,
			Reason: fmt.Sprintf("has a name of %d bytes, and it can have at most %d", len(name), maxSocketPath)}
	}
	return Address{scheme: Unix, name: "@" + name}, nil
}

func parseNetwork(word string, scheme Scheme, hostPort string) (Address, error) {
	if isNumber(hostPort) {
		return Address{}, &AddressError{Word: word, Reason: "has no host and no colon before the port",
			Hint: fmt.Sprintf("%s::%s?", scheme, hostPort)}
	}
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return Address{}, &AddressError{Word: word, Reason: "is not HOST:PORT",
			Hint: "IPv6 goes in brackets, [::1]:PORT; a path with a colon needs unix: in front"}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || !isNumber(port) {
		return Address{}, &AddressError{Word: word, Reason: fmt.Sprintf("has %q for a port, which is not a number from 0 to 65535", port)}
	}
	host, ok := normalHost(host)
	if !ok {
		return Address{}, &AddressError{Word: word, Reason: fmt.Sprintf("has %q for a host, which is no name and no IP address", host)}
	}
	return Address{scheme: scheme, name: host, number: int(number)}, nil
}

// normalHost gives one spelling to each IP address, and reports whether
// anything else could be the name of a host.
func normalHost(host string) (string, bool) {
	if host == "" {
		return defaultHost, true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String(), !strings.ContainsAny(ip.Zone(), " []%")
	}
	odd := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`/\:@[]%"'`, r) }
	return host, strings.IndexFunc(host, odd) < 0
}

func parseFD(word, digits string) (Address, error) {
	number, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || !isNumber(digits) || number > math.MaxInt32 {
		return Address{}, &AddressError{Word: word, Reason: "does not end in the number of a descriptor", Hint: "fd:3?"}
	}
	return Address{scheme: FD, number: int(number)}, nil
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
