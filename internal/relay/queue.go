package relay

import (
	"sync"

	"ductworks/internal/frame"
)

// queueSize is how many bytes wait for one peer at most, unless a single
// message is larger.
const queueSize = 64 << 10

// A queue holds frames for a peer that is still busy with those before them.
// Its two buffers take turns: one is being written while the other fills.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	filling []byte
	writing []byte
	count   int64 // messages in filling
	closed  bool  // nothing more comes
	broken  bool  // nothing more is taken
	busy    bool  // somebody is writing what was taken last
	taken   int64 // messages in writing
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// tryPut queues a message, unless there is no room for it now.
func (q *queue) tryPut(payload []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.hasRoom(payload) {
		return false
	}
	q.add(payload)
	return true
}

// put waits for room and queues a message.
func (q *queue) put(payload []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.hasRoom(payload) {
		q.changed.Wait()
	}
	q.add(payload)
}

// hasRoom says whether a message need not wait.
func (q *queue) hasRoom(payload []byte) bool {
	return len(q.filling) == 0 || q.closed || q.broken ||
		len(q.filling)+frame.HeaderSize+len(payload) <= queueSize
}

func (q *queue) add(payload []byte) {
	if q.closed || q.broken {
		return
	}
	q.filling = append(frame.AppendHeader(q.filling, int64(len(payload))), payload...)
	q.count++
	q.changed.Broadcast()
}

// take waits for frames and gives all there are, and how many messages they
// are. They are the taker's until the next take. It returns false at the end.
func (q *queue) take() (frames []byte, count int64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy, q.taken = false, 0
	for len(q.filling) == 0 && !q.closed && !q.broken {
		q.changed.Wait()
	}
	if q.broken || len(q.filling) == 0 {
		return nil, 0, false
	}
	if cap(q.writing) > 2*queueSize {
		q.writing = nil // which one large message has left behind
	}
	q.writing, q.filling = q.filling, q.writing[:0]
	q.taken, q.count = q.count, 0
	q.busy = true
	q.changed.Broadcast()
	return q.writing, q.taken, true
}

// close says that nothing more comes: what there is will be taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}

// abandon says that nothing more will be taken.
func (q *queue) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken = true
	q.changed.Broadcast()
}

// isBusy says whether frames are being written just now.
func (q *queue) isBusy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.busy
}

// messages counts those that have not been written whole.
func (q *queue) messages() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count + q.taken
}
