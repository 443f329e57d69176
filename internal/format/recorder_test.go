package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

// recording is a writer that takes note of each write.
type recording struct {
	lines []string
	err   error
}

func (r *recording) Write(p []byte) (int, error) {
	r.lines = append(r.lines, string(p))
	return len(p), r.err
}

func TestRecorder(t *testing.T) {
	for _, c := range []struct {
		conn                     int64
		direction, payload, want string
	}{
		{1, "send", `{"b":1,"a": [1, 2]}`, `,"conn":1,"direction":"send","size":19,"message":{"b":1,"a": [1, 2]}}`},
		{1, "recv", "[1,\r\n 2]", `,"conn":1,"direction":"recv","size":8,"message":[1,2]}`},
		{1, "recv", "", `,"conn":1,"direction":"recv","size":0,"base64":""}`},
		{12, "send", "\x00\xff", `,"conn":12,"direction":"send","size":2,"base64":"AP8="}`},
	} {
		w := &recording{}
		before := time.Now()
		if err := NewRecorder(w).Record(c.conn, c.direction, []byte(c.payload)); err != nil {
			t.Fatal(err)
		}
		if len(w.lines) != 1 {
			t.Fatalf("%q: %d writes", c.payload, len(w.lines))
		}
		head, tail, _ := strings.Cut(strings.TrimPrefix(w.lines[0], `{"time":"`), `"`)
		if tail != c.want+"\n" {
			t.Errorf("%q: got %s, want %s", c.payload, tail, c.want)
		}
		at, err := time.Parse(time.RFC3339Nano, head)
		if err != nil || at.Before(before.Truncate(0)) || at.After(time.Now()) || len(head) < len("2006-01-02T15:04:05.000000000Z") {
			t.Errorf("time %q, %v", head, err)
		}
	}
}

// TestRecorderIsShared by several goroutines, whose lines do not mix.
func TestRecorderIsShared(t *testing.T) {
	w := &recording{}
	r := NewRecorder(w)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 100 {
				r.Record(1, "send", bytes.Repeat([]byte{'0' + byte(i)}, 1+i))
			}
		})
	}
	all.Wait()
	if len(w.lines) != 800 {
		t.Errorf("%d lines", len(w.lines))
	}
	for _, line := range w.lines {
		if !json.Valid([]byte(line)) || strings.Count(line, "\n") != 1 {
			t.Fatalf("got %s", line)
		}
	}
}

func TestRecorderFails(t *testing.T) {
	w := &recording{err: errors.New("full")}
	if err := NewRecorder(w).Record(1, "send", nil); err != w.err {
		t.Errorf("got %v", err)
	}
}
