package relay

import (
	"testing"

	"golang.org/x/sys/unix"

	"ductworks/internal/format"
)

// TestPipesAreWidened: stdin and stdout, where they are pipes.
func TestPipesAreWidened(t *testing.T) {
	stdin, _ := openPipe(t)
	_, stdout := openPipe(t)
	raw := findFormat(t, "raw")
	Records(Input{Reader: stdin, Format: raw}, Output{Writer: stdout, Encoder: raw.NewEncoder(format.Options{})}, format.Options{})
	for _, f := range []interface{ Fd() uintptr }{stdin, stdout} {
		size, err := unix.FcntlInt(f.Fd(), unix.F_GETPIPE_SZ, 0)
		if err != nil || size < widePipe {
			t.Errorf("the pipe holds %d bytes, %v", size, err)
		}
	}
}
