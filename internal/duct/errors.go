package duct

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// An AddressError is an address that cannot be used as it was given: a
// mistake of the caller.
type AddressError struct {
	Word   string // as it was given
	Reason string // completes "address WORD …"
	Hint   string // what to do, may be empty
	Err    error  // what the system said, may be nil
}

func (e *AddressError) Error() string {
	return sentence(fmt.Sprintf("address %q %s", e.Word, e.Reason), e.Err, e.Hint)
}

func (e *AddressError) Unwrap() error { return e.Err }

// An UnavailableError says that a duct could not come about, because nobody
// listens, or because a place to listen cannot be had.
type UnavailableError struct {
	Doing string // what was tried, with the address
	Err   error  // what came of it
	Hint  string // what to do, may be empty
}

func (e *UnavailableError) Error() string { return sentence(e.Doing, e.Err, e.Hint) }

func (e *UnavailableError) Unwrap() error { return e.Err }

// A RefusedError says that one side did not want the other: the system kept us
// out, or a peer was not who it had to be.
type RefusedError struct {
	Doing string // what was tried, with the address
	Err   error  // what came of it
	Hint  string // what to do, may be empty
}

func (e *RefusedError) Error() string { return sentence(e.Doing, e.Err, e.Hint) }

func (e *RefusedError) Unwrap() error { return e.Err }

// sentence joins what was tried, what came of it and what to do.
func sentence(doing string, err error, hint string) string {
	var b strings.Builder
	b.WriteString(doing)
	if err != nil {
		b.WriteString(": ")
		b.WriteString(err.Error())
	}
	if hint != "" {
		b.WriteString("; ")
		b.WriteString(hint)
	}
	return b.String()
}

// cause strips the words that package net wraps around what the system said:
// our own name the operation and the address already.
func cause(err error) error {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, net.ErrClosed):
		return net.ErrClosed
	case errors.As(err, &dns):
		return dns
	}
	return err
}

// A LockError says why a LockFile could not be had, or could not be used.
type LockError struct {
	Doing string // "open", "lock" or "unlock"
	Path  string
	Err   error // what the system said
}

func (e *LockError) Error() string { return fmt.Sprintf("%s %s: %v", e.Doing, e.Path, e.Err) }
func (e *LockError) Unwrap() error { return e.Err }
