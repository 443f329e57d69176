//go:build linux || darwin

package relay

import (
	"errors"
	"strings"
	"testing"

	"ductworks/internal/format"
	"ductworks/internal/frame"
)

var errNoRoom = errors.New("no room")

// A narrowSink has room for so many messages and then fails.
type narrowSink struct {
	discard
	room, taken int
}

func (s *narrowSink) PutAll(batch []frame.Payload) (int, error) {
	n := min(len(batch), s.room-s.taken)
	s.taken += n
	if n < len(batch) {
		return n, errNoRoom
	}
	return n, nil
}

func TestBatchesCountLikeSingleMessages(t *testing.T) {
	const lines = 3*largestBatch + 1
	for name, c := range map[string]struct {
		limit, room int // messages that the lane wants, and that the sink takes
		want        int
		err         error
	}{
		"all":                   {0, lines, lines, nil},
		"fewer than a batch":    {5, lines, 5, errStopped},
		"a batch":               {largestBatch, lines, largestBatch, errStopped},
		"more than a batch":     {largestBatch + 1, lines, largestBatch + 1, errStopped},
		"a failure":             {0, 2*largestBatch + 7, 2*largestBatch + 7, errNoRoom},
		"a failure at once":     {0, 0, 0, errNoRoom},
		"a failure and a limit": {9, 4, 4, errNoRoom},
	} {
		t.Run(name, func(t *testing.T) {
			sink := &narrowSink{room: c.room}
			l := newLane(linesOf(t, lines), &End{Name: "the sink", Sink: sink})
			if l.batch == nil {
				t.Fatal("messages go one by one")
			}
			l.limit = int64(c.limit)
			if err := l.carry(); !errors.Is(err, c.err) {
				t.Errorf("the lane ended with %v, not %v", err, c.err)
			}
			if l.count != int64(c.want) || l.bytes != int64(4*c.want) || sink.taken != c.want {
				t.Errorf("%d messages of %d bytes were counted and %d taken, not %d", l.count, l.bytes, sink.taken, c.want)
			}
		})
	}
}

// linesOf is an end that sends so many messages of 4 bytes.
func linesOf(t *testing.T, count int) *End {
	lines := strings.NewReader(strings.Repeat("line\n", count))
	in := Input{Name: "stdin", Reader: lines, Format: findFormat(t, "raw")}
	return Records(in, Output{}, format.Options{Limit: 10})
}

// TestRecordsOfABatchAreNumbered: those that cannot be shown have the numbers
// that they would have if messages came one by one.
func TestRecordsOfABatchAreNumbered(t *testing.T) {
	var out strings.Builder
	var reports []string
	f := findFormat(t, "raw")
	s := newRecordSink(Output{
		Writer: &out, Format: f, Encoder: f.NewEncoder(format.Options{Limit: 100}),
		Report: func(err error) { reports = append(reports, err.Error()) },
	}).(*recordSink)
	var batch []frame.Payload
	for _, payload := range []string{"one", "t\no", "three", "f\nur", "five"} {
		batch = append(batch, frame.Payload{Bytes: []byte(payload)})
	}
	if n, err := s.PutAll(batch); n != len(batch) || err != nil || s.held != 3 {
		t.Errorf("PutAll: %d, %v, with %d held", n, err, s.held)
	}
	s.Flush()
	if out.String() != "one\nthree\nfive\n" {
		t.Errorf("it printed %q", &out)
	}
	if len(reports) != 2 || !strings.Contains(reports[0], "message 2,") || !strings.Contains(reports[1], "message 4,") {
		t.Errorf("it reported %q", reports)
	}
	s.broken = true
	if n, err := s.PutAll(batch); n != len(batch) || err != nil || s.unread() != 5 {
		t.Errorf("with nobody there: %d, %v, %d unread", n, err, s.unread())
	}
}
