package relay

import "ductworks/internal/frame"

// write sends what is queued. It ends with the queue, whose end is passed on.
func (m *member) write() {
	defer close(m.written)
	for {
		frames, count, ok := m.queue.take()
		if !ok {
			m.writeErr = m.conn.CloseWrite()
			return
		}
		n, err := m.conn.Write(frames)
		if err != nil {
			count, n = frame.CountWhole(frames[:n])
			m.queue.abandon(count)
		}
		m.sent.Add(count)
		m.sentBytes.Add(int64(n) - count*frame.HeaderSize)
		if err != nil {
			m.writeErr = err
			return
		}
	}
}
