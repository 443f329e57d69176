package relay

import "time"

// stallStep is how often it is looked for stalls where no timeout says so.
const stallStep = time.Second

// watchStalls closes members that do not take what they are sent. The function
// that it returns ends the watch.
func (h *Hub) watchStalls() (stop func()) {
	step := stallStep
	if h.StallTimeout > 0 {
		step = max(h.StallTimeout/idleSteps, time.Millisecond)
	}
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(step)
		defer ticker.Stop()
		watched := map[*member]progress{}
		for {
			select {
			case <-ticker.C:
				h.lookForStalls(watched)
			case <-stopped:
				return
			}
		}
	}()
	return func() { close(stopped); <-done }
}

// progress is what a member had taken at a time.
type progress struct {
	bytes int64
	since time.Time
	told  bool // that it has stalled
}

// lookForStalls looks at what all members have taken since the last time.
func (h *Hub) lookForStalls(watched map[*member]progress) {
	now := time.Now()
	present := map[*member]bool{}
	for _, m := range h.appendAll(nil) {
		present[m] = true
		bytes := m.conn.Moved() - m.arrived.Load()
		last, known := watched[m]
		if !known || bytes != last.bytes || !m.queue.isBusy() {
			watched[m] = progress{bytes: bytes, since: now}
			continue
		}
		last.told = h.stalls(m, now.Sub(last.since), last.told)
		watched[m] = last
	}
	for m := range watched {
		if !present[m] {
			delete(watched, m)
		}
	}
}

// stalls deals with a member that has taken no byte for so long: it is told,
// once, and closed when the timeout is over.
func (h *Hub) stalls(m *member, long time.Duration, told bool) bool {
	if h.StallTimeout > 0 && long >= h.StallTimeout && !m.stalled.Swap(true) {
		m.conn.Close()
	}
	if !told && h.Stalling != nil {
		h.Stalling(m.number)
	}
	return true
}

// A stallError says that a peer did not take what it was sent.
type stallError struct{ left int64 } // messages for it, 0 where nobody has counted

func (e *stallError) Error() string {
	text := "the peer took no byte for the --stall-timeout and is closed"
	if e.left > 0 {
		text += ": " + messages(e.left) + " left for it"
	}
	return text
}
