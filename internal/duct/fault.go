package duct

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
)

// A fault remembers the error that Err took off a socket, which the system
// tells only once.
type fault struct{ taken atomic.Pointer[error] }

// ask returns the error taken before, or takes one.
func (f *fault) ask(take func() error) error {
	if taken := f.taken.Load(); taken != nil {
		return *taken
	}
	err := take()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		f.taken.Store(&err)
	}
	return err
}

// instead returns what a Read has to say in place of err: the end of a broken
// connection is no clean end.
func (f *fault) instead(err error) error {
	if taken := f.taken.Load(); taken != nil && err == io.EOF {
		return *taken
	}
	return err
}

// explain says what was being done, and to whom, when the system said err.
func explain(doing string, a Address, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return fmt.Errorf("%s %s: %w", doing, a.label(), cause(err))
}
