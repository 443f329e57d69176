package relay

import (
	"io"
	"sync"
)

// pipeSize is what a pipe holds (pipe(7)): no more than that can lie unread in it.
const pipeSize = 64 << 10

// A backlog is a Writer to a pipe that remembers where the latest messages
// end. So of the bytes that were left unread it can say how many messages
// they were. One goroutine writes and marks; any may ask.
type backlog struct {
	w io.Writer

	mu    sync.Mutex
	taken int64   // bytes that the pipe has taken
	ends  []int64 // of the latest messages, in bytes from the beginning
}

func (b *backlog) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken += int64(n)
	return n, err
}

// mark notes that a message ends buffered bytes after what has been taken.
func (b *backlog) mark(buffered int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ends) > 2*pipeSize {
		b.ends = append(b.ends[:0], b.ends[len(b.ends)-pipeSize:]...)
	}
	b.ends = append(b.ends, b.taken+int64(buffered))
}

// beyond counts the messages that were not read whole, unread being how many
// bytes of those taken lie in the pipe still.
func (b *backlog) beyond(unread int64) (count int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	read := b.taken - unread
	for i := len(b.ends) - 1; i >= 0 && b.ends[i] > read; i-- {
		count++
	}
	return count
}
