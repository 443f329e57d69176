//go:build !linux && !darwin

package duct

import "errors"

// listenFile refuses: without a mode on the file and credentials of the peer
// there would be no keeping strangers out.
func listenFile(a Address, _ ListenOptions) (*Listener, error) {
	return nil, &UnavailableError{Doing: "listen on " + a.String(),
		Err: errors.New("this system cannot keep strangers off a Unix socket"), Hint: "use tcp::0"}
}
