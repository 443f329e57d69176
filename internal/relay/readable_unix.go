//go:build unix

package relay

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A polledFile is asked by poll(2).
type polledFile struct {
	raw syscall.RawConn
	// blocking is for what Go's own poller does not watch: waiting for it takes
	// a thread, as a read of it would.
	blocking bool
}

func polled(f *os.File) readiness {
	raw, err := f.SyscallConn()
	if err != nil {
		return untold{}
	}
	return &polledFile{raw, f.SetReadDeadline(time.Time{}) != nil}
}

func (p *polledFile) now() (ready bool) {
	p.raw.Control(func(fd uintptr) { ready, _ = pollRead(fd, 0) })
	return ready
}

// await fails where the system has no poll(2) for a file: some have none for terminals.
func (p *polledFile) await() (ok bool) {
	if p.blocking {
		err := p.raw.Control(func(fd uintptr) { _, ok = pollRead(fd, -1) })
		return err == nil && ok
	}
	err := p.raw.Read(func(fd uintptr) (ready bool) {
		ready, ok = pollRead(fd, 0)
		return ready || !ok
	})
	return err == nil && ok
}

// pollRead is poll(2) for a read of fd, with a timeout of 0 or -1. It says
// whether the read would not wait, and whether that is known.
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
