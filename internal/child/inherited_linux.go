package child

import (
	"math"

	"golang.org/x/sys/unix"
)

// keepInherited keeps what we inherited beyond stdio from what we start: an
// outer duct, say, whose end would never be seen while a grandchild holds it.
// Go's own descriptors are close-on-exec as they are.
func keepInherited() {
	unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) // needs Linux 5.11
}
