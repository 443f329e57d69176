//go:build !unix

package duct

// hasQueued cannot tell, without poll(2).
func (a acceptor) hasQueued() bool { return false }
