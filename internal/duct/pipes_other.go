//go:build !unix

package duct

import (
	"net"
	"os"
)

// awaitReaderGone cannot tell, without poll(2).
func awaitReaderGone(*os.File) error { return net.ErrClosed }
