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

// printStats says, if asked, what passed since start and how it ended.
func (v *seeing) printStats(a *app, r relay.Result, start time.Time, err error) {
	if !v.stats {
		return
	}
	took := time.Since(start)
	end := "done"
	if err != nil {
		end = err.Error()
	}
	line, _ := json.Marshal(struct {
		Sent     flow    `json:"sent"`
		Received flow    `json:"received"`
		Seconds  float64 `json:"seconds"`
		Status   int     `json:"status"`
		End      string  `json:"end"`
	}{
		newFlow(r.Sent, r.SentBytes, took), newFlow(r.Received, r.ReceivedBytes, took),
		took.Seconds(), status(err), end,
	})
	a.streams.print(string(line) + "\n")
}
