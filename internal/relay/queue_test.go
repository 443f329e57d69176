//go:build linux || darwin

package relay

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	"ductworks/internal/frame"
)

func parcelOf(text string) parcel { return newParcel([]byte(text)) }

func takeAll(t *testing.T, q *queue) (frames string, count int64) {
	t.Helper()
	for {
		f, n, ok := q.take()
		if !ok {
			return frames, count
		}
		frames, count = frames+string(f), count+n
	}
}

func TestQueueOrder(t *testing.T) {
	large := strings.Repeat("x", queueSize)
	q := newQueue()
	var want []byte
	put := func(text string) {
		want = append(frame.AppendHeader(want, int64(len(text))), text...)
		if !q.put(parcelOf(text)) {
			t.Errorf("%.10q was dropped", text)
		}
	}
	put(large)
	put("small") // behind the large one, which nobody has taken yet
	put("")
	q.close()
	frames, count := takeAll(t, q)
	if frames != string(want) || count != 3 {
		t.Errorf("%d messages in %d bytes, want 3 in %d", count, len(frames), len(want))
	}
	if q.put(parcelOf("late")) || !q.tryPut(parcelOf("late")) || q.messages() != 0 {
		t.Error("a queue that has ended takes something")
	}
}

func TestQueueRoom(t *testing.T) {
	half := strings.Repeat("x", queueSize/2-frame.HeaderSize)
	for name, c := range map[string]struct {
		puts []string
		room bool // for the last
	}{
		"empty":                   {[]string{half}, true},
		"to the last byte":        {[]string{half, half}, true},
		"one byte more":           {[]string{half, half, ""}, false},
		"large into empty":        {[]string{half + half + half}, true},
		"large behind small":      {[]string{"", half + half + half}, false},
		"small behind large":      {[]string{half + half + half, half}, true},
		"large behind large":      {[]string{half + half + half, half + half + half}, false},
		"largest that is no such": {[]string{half + half + "12345"}, true},
	} {
		q := newQueue()
		for i, text := range c.puts {
			if got, want := q.tryPut(parcelOf(text)), c.room || i < len(c.puts)-1; got != want {
				t.Errorf("%s: room %v, want %v", name, got, want)
			}
		}
	}
}

// TestQueueShares: a large message is copied once for all.
func TestQueueShares(t *testing.T) {
	payload := bytes.Repeat([]byte("x"), queueSize+1)
	p := newParcel(payload)
	payload[0] = 'y' // is the caller's again
	for range 3 {
		q := newQueue()
		q.put(p)
		frames, _, _ := q.take()
		if &frames[0] != &p.frames[0] || frames[frame.HeaderSize] != 'x' {
			t.Error("not the same")
		}
	}
}

// TestQueueWakes: a put that waits goes on when there is room, or never will be.
func TestQueueWakes(t *testing.T) {
	for name, wake := range map[string]func(q *queue){
		"take":    func(q *queue) { q.take() },
		"close":   func(q *queue) { q.close() },
		"abandon": func(q *queue) { q.abandon(0) },
	} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue()
			q.put(parcelOf(strings.Repeat("x", queueSize)))
			done := make(chan bool, 1)
			go func() { done <- q.put(parcelOf(strings.Repeat("y", queueSize))) }()
			synctest.Wait()
			if len(done) > 0 {
				t.Errorf("%s: the put did not wait", name)
			}
			wake(q)
			if took := <-done; took != (name == "take") {
				t.Errorf("%s: put says %v", name, took)
			}
		})
	}
}

// TestQueueCounts what has not been written whole.
func TestQueueCounts(t *testing.T) {
	q := newQueue()
	for range 3 {
		q.put(parcelOf("x"))
	}
	q.take()
	q.put(parcelOf("y"))
	if q.messages() != 4 || !q.isBusy() {
		t.Errorf("%d messages, busy %v", q.messages(), q.isBusy())
	}
	q.abandon(2)
	if _, _, ok := q.take(); ok {
		t.Error("an abandoned queue gives something")
	}
}
