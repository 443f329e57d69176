//go:build !unix

package relay

import "os"

// polled cannot tell anything where the system has no poll(2).
func polled(*os.File) readiness { return untold{} }
