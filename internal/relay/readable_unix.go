//go:build unix

package relay

import (
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ductworks/internal/duct"
)

// A polledFile is asked by poll(2).
type polledFile struct {
	raw syscall.RawConn
	// blocking is for what Go's own poller does not watch.
	blocking bool

	mu       sync.Mutex
	watch    *os.File        // in the place of a blocking file, from the first wait on
	wakes    syscall.RawConn // of watch
	released bool
}

func polled(f *os.File) readiness {
	raw, err := f.SyscallConn()
	if err != nil {
		return untold{}
	}
	return &polledFile{raw: raw, blocking: f.SetReadDeadline(time.Time{}) != nil}
}

func (p *polledFile) now() bool {
	ready, _ := p.poll(0)
	return ready
}

// await fails where the system has no poll(2) for a file: some have none for terminals.
func (p *polledFile) await() (ok bool) {
	wakes := p.raw
	if p.blocking {
		ready, ok := p.poll(0)
		if ready || !ok {
			return ok
		}
		wakes, ok = p.watchReads()
		if !ok {
			return false
		}
		if wakes == nil {
			_, ok = p.poll(-1) // in a thread, which costs a lone message a quarter of its way
			return ok
		}
	}
	err := wakes.Read(func(uintptr) (ready bool) {
		ready, ok = p.poll(0)
		return ready || !ok
	})
	return err == nil && ok
}

// watchReads gives what Go's poller wakes when there is news of a blocking file,
// or nil where the system has no such thing. It fails after release.
func (p *polledFile) watchReads() (wakes syscall.RawConn, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watch == nil && !p.released {
		watch, err := duct.WatchReads(p.raw)
		if err != nil {
			return nil, true
		}
		p.watch = watch
		p.wakes, _ = watch.SyscallConn() // which fails for nil alone
	}
	return p.wakes, !p.released
}

func (p *polledFile) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.released = true
	if p.watch != nil {
		p.watch.Close()
	}
}

// poll is poll(2) for a read, with a timeout of 0 or -1. It says whether the
// read would not wait, and whether that is known.
func (p *polledFile) poll(timeout int) (ready, ok bool) {
	err := p.raw.Control(func(fd uintptr) { ready, ok = pollRead(fd, timeout) })
	return ready, ok && err == nil
}

func pollRead(fd uintptr, timeout int) (ready, ok bool) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	_, err := unix.Poll(fds, timeout)
	for err == unix.EINTR {
		_, err = unix.Poll(fds, timeout)
	}
	if err != nil || fds[0].Revents&unix.POLLNVAL != 0 {
		return false, false
	}
	return fds[0].Revents != 0, true
}
