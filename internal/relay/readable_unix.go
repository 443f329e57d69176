//go:build unix

package relay

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ductworks/internal/duct"
)

// A polledFile is asked by poll(2).
type polledFile struct {
	raw syscall.RawConn
	// wakes is woken by Go's poller when there is news of the file. It is nil
	// where that poller does not watch: then poll(2) has to wait, and takes a
	// thread to do so, which costs a lone message a quarter of its way.
	wakes syscall.RawConn
	watch *os.File // whose wakes is, if that is not the file's
}

func polled(f *os.File) readiness {
	raw, err := f.SyscallConn()
	if err != nil {
		return untold{}
	}
	p := &polledFile{raw: raw}
	if f.SetReadDeadline(time.Time{}) == nil {
		p.wakes = raw
	}
	return p
}

func (p *polledFile) now() bool {
	ready, _ := p.poll(0)
	return ready
}

// await fails where the system has no poll(2) for a file: some have none for terminals.
func (p *polledFile) await() (ok bool) {
	if p.wakes == nil {
		if ready, ok := p.poll(0); ready || !ok {
			return ok
		}
		if !p.watchReads() {
			_, ok := p.poll(-1)
			return ok
		}
	}
	err := p.wakes.Read(func(uintptr) (ready bool) {
		ready, ok = p.poll(0)
		return ready || !ok
	})
	return err == nil && ok
}

// watchReads says whether it has found another way than poll(2) to wait.
func (p *polledFile) watchReads() bool {
	watch, err := duct.WatchReads(p.raw)
	if err != nil {
		return false
	}
	p.watch = watch
	p.wakes, err = watch.SyscallConn()
	return err == nil
}

func (p *polledFile) release() {
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
