//go:build unix && !linux

package child

import (
	"os"
	"strconv"
	"syscall"
)

// keepInherited keeps what we inherited beyond stdio from what we start, on
// those systems that list it in /dev/fd.
func keepInherited() {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
