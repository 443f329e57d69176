package cmd

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"syscall"

	"ductworks/internal/format"
	"ductworks/internal/frame"
	"ductworks/internal/relay"
)

// previewLength is how much of a payload -vv shows, in bytes.
const previewLength = 64

// A watch shows the messages that pass. Connections may share it.
type watch struct {
	shows     []func(m passing, payload []byte) error
	recording *os.File // to be closed
}

// A passing is what is known of a message beside its payload.
type passing struct {
	conn      int64  // the connection's number, 0 where there is but one
	direction string // "send" or "recv"
	number    int64
}

func (m passing) String() string {
	if m.conn == 0 {
		return fmt.Sprintf("%s %d", m.direction, m.number)
	}
	return fmt.Sprintf("connection %d: %s %d", m.conn, m.direction, m.number)
}

// openWatch makes ready what the flags ask for.
func (v *seeing) openWatch(a *app) error {
	if a.verbose > 1 && !a.quiet {
		v.shows = append(v.shows, a.previewMessage)
	}
	if v.hexdump {
		v.shows = append(v.shows, a.dumpFrame)
	}
	if v.record == "" {
		return nil
	}
	out := a.streams.Out
	if v.record != "-" {
		f, err := openRecording(v.record)
		if err != nil {
			return fmt.Errorf("--record: %w", err)
		}
		v.recording, out = f, f
	}
	r := format.NewRecorder(out)
	v.shows = append(v.shows, func(m passing, payload []byte) error {
		return recordingError(r.Record(max(m.conn, 1), m.direction, payload))
	})
	return nil
}

// recordingError says what it means that a message could not be recorded.
func recordingError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return ErrOutputClosed
	}
	return &relay.BrokenError{End: "the recording", Writing: true, Err: err}
}

// openRecording opens the file of a recording, which may hold secrets.
func openRecording(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// taps are what a relay shows the messages of a connection to.
func (w *watch) taps(conn int64) relay.Taps {
	return relay.Taps{Sent: w.tap(conn, "send"), Received: w.tap(conn, "recv")}
}

// tap is nil where nobody looks at the messages.
func (w *watch) tap(conn int64, direction string) relay.Tap {
	if len(w.shows) == 0 {
		return nil
	}
	m := passing{conn: conn, direction: direction}
	return func(payload []byte) error {
		m.number++
		for _, show := range w.shows {
			if err := show(m, payload); err != nil {
				return err
			}
		}
		return nil
	}
}

func (w *watch) close() error {
	if w.recording == nil {
		return nil
	}
	return w.recording.Close()
}

// previewMessage says in a line which message passes.
func (a *app) previewMessage(m passing, payload []byte) error {
	shown, more := payload, ""
	if len(shown) > previewLength {
		shown, more = shown[:previewLength], "…"
	}
	a.streams.say("%s: %d bytes: %s%s", m, len(payload), shown, more)
	return nil
}

// dumpFrame shows a frame as it is on the wire.
func (a *app) dumpFrame(m passing, payload []byte) error {
	dump := hex.Dump(append(frame.AppendHeader(nil, int64(len(payload))), payload...))
	a.streams.print(fmt.Sprintf("%s: %d bytes\n%s", m, len(payload), dump))
	return nil
}
