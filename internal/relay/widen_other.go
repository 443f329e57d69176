//go:build !linux

package relay

import "os"

// widen does nothing where the size of a pipe is the system's own affair.
func widen(*os.File) {}
