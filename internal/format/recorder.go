package format

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"
)

// recordedTime is RFC 3339 with all nine digits of a nanosecond, so that the
// lines of a recording sort by it.
const recordedTime = "2006-01-02T15:04:05.000000000Z07:00"

// A Recorder writes one JSON line for each message that it is shown. Its
// methods may be called by several goroutines.
type Recorder struct {
	w         io.Writer
	mu        sync.Mutex
	line      bytes.Buffer
	documents jsonEncoder
}

// NewRecorder records to w, which gets each line in one write.
func NewRecorder(w io.Writer) *Recorder {
	return &Recorder{w: w, documents: jsonEncoder{checker: checker{options: rfc8259()}}}
}

// Record writes the line for one message of a connection, direction being
// "send" or "recv". The error is that of the writer.
func (r *Recorder) Record(conn int64, direction string, payload []byte) error {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line.Reset()
	r.line.WriteString(`{"time":"`)
	r.line.WriteString(now.Format(recordedTime))
	r.line.WriteString(`","conn":`)
	r.line.WriteString(strconv.FormatInt(conn, 10))
	r.line.WriteString(`,"direction":"`)
	r.line.WriteString(direction)
	r.line.WriteString(`","size":`)
	r.line.WriteString(strconv.Itoa(len(payload)))
	writePayload(&r.line, &r.documents, payload)
	r.line.WriteString("}\n")
	_, err := r.w.Write(r.line.Bytes())
	return err
}
