package duct

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// WatchReads gives what Go's poller can watch in the place of a file that it
// cannot, since others have the file open as well and want it in blocking mode:
// a file whose RawConn wakes its Read whenever there is news of a read of the
// other. That one has to stay open as long. It fails for what epoll(7) does not
// watch.
func WatchReads(file syscall.RawConn) (*os.File, error) { return watchEvents(file, unix.EPOLLIN) }

// watchEvents gives an epoll instance for the events of one file.
func watchEvents(file syscall.RawConn, events uint32) (*os.File, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if e := file.Control(func(fd uintptr) {
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: events})
	}); e != nil {
		err = e
	}
	if err == nil {
		err = unix.SetNonblock(epoll, true) // which is how os.NewFile knows that it can be polled
	}
	if err != nil {
		unix.Close(epoll)
		return nil, err
	}
	return os.NewFile(uintptr(epoll), "epoll"), nil
}
