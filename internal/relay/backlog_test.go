package relay

import (
	"io"
	"testing"
)

func TestBacklogCountsUnreadMessages(t *testing.T) {
	b := &backlog{w: io.Discard}
	for _, record := range []string{"one\n", "two\n", "three\n"} {
		io.WriteString(b, record)
		b.mark(0)
	}
	for unread, want := range map[int64]int64{0: 0, 1: 1, 6: 1, 7: 2, 10: 2, 14: 3} {
		if got := b.beyond(unread); got != want {
			t.Errorf("%d bytes unread are %d messages, want %d", unread, got, want)
		}
	}
	b.mark(5) // which never got into the pipe
	if got := b.beyond(0); got != 1 {
		t.Errorf("a message that was not taken counts %d, want 1", got)
	}
}

func TestBacklogForgetsWhatNoPipeHolds(t *testing.T) {
	b := &backlog{w: io.Discard}
	for range 10 * pipeSize {
		io.WriteString(b, "\n")
		b.mark(0)
	}
	if len(b.ends) > 3*pipeSize {
		t.Fatalf("%d ends are remembered", len(b.ends))
	}
	if got := b.beyond(pipeSize); got != pipeSize {
		t.Fatalf("a pipe full of empty lines is %d messages, want %d", got, pipeSize)
	}
}
