//go:build linux || darwin

package duct

import (
	"os"
	"sync"
)

// A latch wakes those who wait for it in poll(2), now and ever after: the read
// end of a pipe, which hangs up when fire closes the write end. Firing again does nothing.
type latch struct {
	r     *os.File
	fd    int           // of r
	fired chan struct{} // closed by fire, for those who wait in select
	fire  func()
}

func newLatch() (*latch, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	l := &latch{r: r, fd: int(r.Fd()), fired: make(chan struct{})}
	l.fire = sync.OnceFunc(func() {
		close(l.fired)
		w.Close()
	})
	return l, nil
}

// close gives the descriptors back. Nobody may wait for it any more.
func (l *latch) close() {
	l.fire()
	l.r.Close()
}
