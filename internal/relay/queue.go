package relay

import (
	"sync"

	"ductworks/internal/frame"
)

// queueSize is how many bytes wait for one peer at most, unless a single
// message is larger.
const queueSize = 64 << 10

// A parcel is one message or more on its way into queues.
type parcel struct {
	payload []byte // of one message that is copied; valid until the put is over
	frames  []byte // in its stead: shared by all queues and never written to
	count   int64  // messages in frames
}

// newParcel makes a parcel of one message. A large one is copied once, for
// however many queues.
func newParcel(payload []byte) parcel {
	if frame.HeaderSize+len(payload) <= queueSize {
		return parcel{payload: payload}
	}
	return bundle([][]byte{payload})
}

// bundle makes a parcel of all payloads together.
func bundle(payloads [][]byte) parcel {
	size := 0
	for _, p := range payloads {
		size += frame.HeaderSize + len(p)
	}
	frames := make([]byte, 0, size)
	for _, p := range payloads {
		frames = append(frame.AppendHeader(frames, int64(len(p))), p...)
	}
	return parcel{frames: frames, count: int64(len(payloads))}
}

// A queue holds frames for a peer that is still busy with those before them.
// Its two buffers take turns: one is being written while the other fills.
//
// Several goroutines may put while one takes.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	shared  parcel // to be written before filling
	filling []byte
	count   int64 // messages in filling
	writing []byte
	taken   int64 // messages being written
	busy    bool  // somebody is writing what was taken last
	closed  bool  // nothing more comes
	broken  bool  // nothing more is taken
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// tryPut queues a parcel, unless there is no room for it now. What a queue
// that has ended is given is dropped.
func (q *queue) tryPut(p parcel) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.hasRoom(p) {
		return false
	}
	q.add(p)
	return true
}

// put waits for room and queues a parcel. It returns false if the queue has
// ended.
func (q *queue) put(p parcel) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.hasRoom(p) {
		q.changed.Wait()
	}
	return q.add(p)
}

// hasRoom says whether a parcel need not wait.
func (q *queue) hasRoom(p parcel) bool {
	switch {
	case q.closed || q.broken:
		return true
	case p.frames != nil:
		return q.shared.frames == nil && len(q.filling) == 0
	}
	return len(q.filling)+frame.HeaderSize+len(p.payload) <= queueSize
}

func (q *queue) add(p parcel) bool {
	if q.closed || q.broken {
		return false
	}
	if p.frames != nil {
		q.shared = p
	} else {
		q.filling = append(frame.AppendHeader(q.filling, int64(len(p.payload))), p.payload...)
		q.count++
	}
	q.changed.Broadcast()
	return true
}

// take waits for frames and gives some, and how many messages they are. They
// are the taker's until the next take. It returns false at the end.
func (q *queue) take() (frames []byte, count int64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy, q.taken = false, 0
	for q.shared.frames == nil && len(q.filling) == 0 && !q.closed && !q.broken {
		q.changed.Wait()
	}
	switch {
	case q.broken:
		return nil, 0, false
	case q.shared.frames != nil:
		frames, q.taken = q.shared.frames, q.shared.count
		q.shared = parcel{}
	case len(q.filling) > 0:
		frames, q.taken = q.filling, q.count
		q.filling, q.writing = q.writing[:0], q.filling
		q.count = 0
	default:
		return nil, 0, false
	}
	q.busy = true
	q.changed.Broadcast()
	return frames, q.taken, true
}

// close says that nothing more comes: what there is will be taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}

// abandon says that nothing more will be taken, written of the messages taken
// last having been written.
func (q *queue) abandon(written int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken, q.busy = true, false
	q.taken -= written
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
	return q.shared.count + q.count + q.taken
}
