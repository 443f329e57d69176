package cmd

import (
	"encoding/json"
	"time"

	"ductworks/internal/relay"
)

// A flow is what went in one direction.
type flow struct {
	Messages          int64   `json:"messages"`
	Bytes             int64   `json:"bytes"`
	MessagesPerSecond float64 `json:"messages_per_second"`
	BytesPerSecond    float64 `json:"bytes_per_second"`
}

func newFlow(messages, bytes int64, took time.Duration) flow {
	seconds := max(took.Seconds(), 1e-9)
	return flow{messages, bytes, float64(messages) / seconds, float64(bytes) / seconds}
}

// totals are what has been carried.
type totals struct {
	relay.Result
	connections int64 // where there can be more than one
}

// add adds what was carried over one connection.
func (t *totals) add(r relay.Result) {
	t.connections++
	t.Sent += r.Sent
	t.SentBytes += r.SentBytes
	t.Received += r.Received
	t.ReceivedBytes += r.ReceivedBytes
}

// printStats says, if asked, what passed since start and how it ended.
func (v *seeing) printStats(a *app, t totals, start time.Time, err error) {
	if !v.stats {
		return
	}
	took := time.Since(start)
	end := "done"
	if err != nil {
		end = err.Error()
	}
	line, _ := json.Marshal(struct {
		Connections int64   `json:"connections,omitempty"`
		Sent        flow    `json:"sent"`
		Received    flow    `json:"received"`
		Seconds     float64 `json:"seconds"`
		Status      int     `json:"status"`
		End         string  `json:"end"`
	}{
		t.connections,
		newFlow(t.Sent, t.SentBytes, took), newFlow(t.Received, t.ReceivedBytes, took),
		took.Seconds(), status(err), end,
	})
	a.streams.print(string(line) + "\n")
}
