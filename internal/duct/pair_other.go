//go:build !linux && !darwin

package duct

import (
	"errors"
	"os"
)

// Pair fails: this system has no socketpair(2).
func Pair() (Conn, *os.File, error) {
	_, _, err := Socketpair()
	return nil, nil, err
}

// Socketpair fails: this system has no socketpair(2).
func Socketpair() (*os.File, *os.File, error) {
	return nil, nil, &UnavailableError{Doing: "make a socket pair", Err: errors.ErrUnsupported}
}
