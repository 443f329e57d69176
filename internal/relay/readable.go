package relay

import (
	"io"
	"os"
)

// A readiness tells when a read of a source would not wait, without reading.
type readiness interface {
	// now says whether there are bytes, or the end.
	now() bool
	// await waits until there are. It says whether that can be waited for.
	await() bool
}

// readinessOf gives what can be told of r.
func readinessOf(r io.Reader) readiness {
	f, ok := r.(*os.File)
	if !ok {
		return untold{}
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return always{}
	}
	return polled(f)
}

// untold is for what nobody can ask.
type untold struct{}

func (untold) now() bool   { return false }
func (untold) await() bool { return false }

// always is for regular files, which poll(2) calls readable whatever is in them.
type always struct{}

func (always) now() bool   { return true }
func (always) await() bool { return true }
