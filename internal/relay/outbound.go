package relay

import (
	"encoding/binary"

	"ductworks/internal/frame"
)

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
			count, n = wholeFrames(frames[:n])
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

// wholeFrames counts the frames that stand whole in b, and their bytes.
func wholeFrames(b []byte) (count int64, end int) {
	all := len(b)
	for len(b) >= frame.HeaderSize {
		size := int64(binary.BigEndian.Uint32(b[1:]))
		if size > int64(len(b)-frame.HeaderSize) {
			break
		}
		b = b[frame.HeaderSize+size:]
		count++
	}
	return count, all - len(b)
}
