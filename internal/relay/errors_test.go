//go:build linux || darwin

package relay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// TestWorst: a protocol error wins over a broken connection, that over
// a missed count, and all of them over bad data, in whatever order they come.
func TestWorst(t *testing.T) {
	ranked := [][]error{
		{&format.RecordError{}, &UnfitError{}},
		{&CountError{}},
		{&BrokenError{}, fmt.Errorf("wrapped: %w", &BrokenError{Duct: true})},
		{&frame.TornError{}, &frame.MagicError{}, &frame.SizeError{}, &TimeoutError{}, ErrOutputClosed, context.Canceled},
	}
	for i, better := range ranked {
		for _, worse := range ranked[i+1:] {
			for _, b := range better {
				for _, w := range worse {
					for _, errs := range [][]error{{b, w}, {w, b}, {nil, b, w, nil, b}} {
						if got := worst(errs...); got != w {
							t.Errorf("of %T and %T, %T is found to be worse", b, w, got)
						}
					}
				}
			}
		}
	}
	first, second := &BrokenError{}, &BrokenError{}
	if worst(first, second) != first {
		t.Error("of two that are as bad, the later one is found to be worse")
	}
	if err := worst(nil, nil); err != nil {
		t.Errorf("of nothing, %v is found to be worst", err)
	}
}

// TestWrittenCountsWholeFrames: however many bytes of the stream are taken.
func TestWrittenCountsWholeFrames(t *testing.T) {
	payloads := [][]byte{[]byte(""), []byte("a"), []byte("hello"), make([]byte, 300<<10), []byte("b")}
	var ends []int64
	var stream int64
	for _, p := range payloads {
		stream += int64(frame.HeaderSize + len(p))
		ends = append(ends, stream)
	}
	rooms := []int64{20, 21, 22, stream - 1, 1000, 256 << 10, ends[3] - 1, ends[3], ends[3] + 1}
	for n := range int64(20) {
		rooms = append(rooms, n)
	}
	for _, room := range rooms {
		conn := newFakeConn(room)
		close(conn.in)
		first := Records(Input{Name: "stdin", Payloads: payloads}, Output{}, format.Options{})
		r, err := Run(context.Background(), first, Duct(conn, DuctOptions{Limit: 100}), Options{Linger: Forever})
		var want int64
		for _, end := range ends {
			if end <= room {
				want++
			}
		}
		e, ok := errors.AsType[*BrokenError](err)
		if !ok || !e.Duct || !e.Writing || e.Written != want || r.Sent != want {
			t.Errorf("room for %d bytes: %d sent and %v, want %d", room, r.Sent, err, want)
		}
	}
}

// TestBrokenErrorSays which end, how much, and why.
func TestBrokenErrorSays(t *testing.T) {
	for _, c := range []struct {
		err  *BrokenError
		want []string
	}{
		{&BrokenError{End: "the connection to unix:/a", Duct: true, Written: 1, Err: syscall.EPIPE},
			[]string{"the connection to unix:/a", "1 message was written", "may not have been read", "broken pipe"}},
		{&BrokenError{End: "the connection to unix:/a", Duct: true, Writing: true, Written: 2, Err: syscall.EPIPE},
			[]string{"2 messages were written"}},
		{&BrokenError{End: "stdout", Writing: true, Err: syscall.ENOSPC}, []string{"cannot write to stdout", "no space"}},
		{&BrokenError{End: "stdin", Err: syscall.EIO}, []string{"cannot read stdin"}},
	} {
		for _, part := range c.want {
			if !strings.Contains(c.err.Error(), part) {
				t.Errorf("%q does not say %q", c.err, part)
			}
		}
	}
}

// TestOutputClosed: it ends at once, whatever stdin does.
func TestOutputClosed(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		for _, f := range []string{"raw", "frame"} {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			defer w.Close()
			k := begin(t, tr, setup{format: f, stdout: w})
			k.peer.send("1")
			if err := k.wait(); err != ErrOutputClosed {
				t.Errorf("ended with %v", err)
			}
		}
	})
}

// failing is a stdout that takes nothing.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputFull(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stdout: failing{}})
		k.peer.send("1")
		k.comesTo(broken)
		if e, _ := errors.AsType[*BrokenError](k.err); e.Duct || !e.Writing || e.End != "stdout" {
			t.Errorf("says %v", e)
		}
	})
}

// TestUnreadableStdin ends sending alone, and is reported at once.
func TestUnreadableStdin(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		folder, err := os.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer folder.Close()
		k := begin(t, tr, setup{stdin: folder})
		k.peer.expect()
		eventually(t, "the fault is reported", func() bool { return len(k.reports()) == 1 })
		k.peer.send("1")
		k.peer.Close()
		k.comesTo(broken)
		k.shows("1")
		if e, _ := errors.AsType[*BrokenError](k.err); e.Duct || e.End != "stdin" {
			t.Errorf("says %v", e)
		}
	})
}
