//go:build !linux && !darwin

package duct

import "errors"

func adoptConn(a Address) (Conn, error) { return nil, notInherited(a) }

func adoptListener(a Address, _ ListenOptions) (*Listener, error) { return nil, notInherited(a) }

func notInherited(a Address) error {
	return &AddressError{Word: a.String(), Reason: "is an inherited descriptor, which this system has not", Err: errors.ErrUnsupported}
}
