package cmd

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"ductworks/internal/format"
	"ductworks/internal/frame"
	"ductworks/internal/relay"
)

// previewLength is how much of a payload -vv shows, in bytes.
const previewLength = 64

// seeing are the flags that show what passes.
type seeing struct {
	hexdump bool
	record  string
	stats   bool
}

func (v *seeing) registerSeeing(fs *pflag.FlagSet) {
	fs.BoolVarP(&v.hexdump, "hexdump", "x", false, "show each frame on stderr as a hex dump")
	v.registerRecord(fs)
	fs.BoolVar(&v.stats, "stats", false, "say at the end, in one JSON line on stderr, what passed")
	group(fs, "Seeing", "hexdump", "stats")
}

func (v *seeing) registerRecord(fs *pflag.FlagSet) {
	fs.StringVar(&v.record, "record", "", "append a JSON line for each message to this file")
	group(fs, "Seeing", "record")
}

// watch has both ends tapped for what the flags ask for. What comes from near
// is sent, what comes from far received. The function that it returns is
// called when both ends are done with.
func (v *seeing) watch(a *app, near, far *relay.End) (done func() error, err error) {
	done = func() error { return nil }
	var taps []func(direction string, number int64, payload []byte) error
	if a.verbose > 1 && !a.quiet {
		taps = append(taps, a.previewMessage)
	}
	if v.hexdump {
		taps = append(taps, a.dumpFrame)
	}
	if v.record != "" {
		out, err := v.openRecord(a.streams)
		if err != nil {
			return nil, fmt.Errorf("--record: %w", err)
		}
		r := format.NewRecorder(out)
		taps = append(taps, func(direction string, _ int64, payload []byte) error { return r.Record(direction, payload) })
		if out != a.streams.Out {
			done = out.Close
		}
	}
	if len(taps) == 0 {
		return done, nil
	}
	for direction, end := range map[string]*relay.End{"send": near, "recv": far} {
		var number int64
		end.Tap = func(payload []byte) error {
			number++
			for _, tap := range taps {
				if err := tap(direction, number, payload); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return done, nil
}

// isWatching says whether every message is looked at, and so must be whole.
func (v *seeing) isWatching(a *app) bool { return v.record != "" || v.hexdump || a.verbose > 1 }

// openRecord opens the file of a recording, which may hold secrets.
func (v *seeing) openRecord(s *Streams) (*os.File, error) {
	if v.record == "-" {
		return s.Out, nil
	}
	return os.OpenFile(v.record, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// previewMessage says in a line which message passes.
func (a *app) previewMessage(direction string, number int64, payload []byte) error {
	shown, more := payload, ""
	if len(shown) > previewLength {
		shown, more = shown[:previewLength], "…"
	}
	a.streams.say("%s %d: %d bytes: %s%s", direction, number, len(payload), shown, more)
	return nil
}

// dumpFrame shows a frame as it is on the wire.
func (a *app) dumpFrame(direction string, number int64, payload []byte) error {
	dump := hex.Dump(append(frame.AppendHeader(nil, int64(len(payload))), payload...))
	a.streams.print(fmt.Sprintf("%s %d: %d bytes\n%s", direction, number, len(payload), dump))
	return nil
}

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
