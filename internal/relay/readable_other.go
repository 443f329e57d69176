//go:build !unix

package relay

import "os"

// readable says whether a read of f would not wait. Where the system has no
// poll(2), nobody can tell.
func readable(*os.File) bool { return false }

// awaitReadable says that it cannot be waited for a file to be readable.
func awaitReadable(*os.File) bool { return false }
