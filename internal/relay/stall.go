package relay

import "time"

// watchStalls closes members that do not take what they are sent. The function
// that it returns ends the watch.
func (h *Hub) watchStalls() (stop func()) {
	if h.StallTimeout <= 0 {
		return func() {}
	}
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(max(h.StallTimeout/idleSteps, time.Millisecond))
		defer ticker.Stop()
		watched := map[*member]progress{}
		for {
			select {
			case <-ticker.C:
				h.closeStalled(watched)
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
}

// closeStalled looks at what all members have taken since the last time.
func (h *Hub) closeStalled(watched map[*member]progress) {
	now := time.Now()
	present := map[*member]bool{}
	for _, m := range h.all() {
		present[m] = true
		bytes := m.conn.Moved() - m.arrived.Load()
		last, known := watched[m]
		if !known || bytes != last.bytes || !m.queue.isBusy() {
			watched[m] = progress{bytes, now}
			continue
		}
		if now.Sub(last.since) >= h.StallTimeout && !m.stalled.Swap(true) {
			m.conn.Close()
		}
	}
	for m := range watched {
		if !present[m] {
			delete(watched, m)
		}
	}
}
