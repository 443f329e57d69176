package frame_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"ductworks/internal/frame"
)

// A guard counts who holds it and looks at what was written meanwhile.
type guard struct {
	t       *testing.T
	out     *bytes.Buffer
	held    bool
	turns   int
	refusal error
}

func (g *guard) Lock() error {
	if g.held {
		g.t.Error("locked twice")
	}
	g.held = g.refusal == nil
	g.turns++
	return g.refusal
}

func (g *guard) Unlock() error {
	if _, err := readAll(frame.NewReader(bytes.NewReader(g.out.Bytes()), limit)); err != io.EOF {
		g.t.Errorf("unlocked in the middle of a frame: %v", err)
	}
	g.held = false
	g.out.Reset()
	return nil
}

func TestLockIsHeldForWholeFrames(t *testing.T) {
	var out bytes.Buffer
	g := &guard{t: t, out: &out}
	w := frame.NewWriter(writerFunc(func(p []byte) (int, error) {
		if !g.held {
			t.Error("written without the lock")
		}
		return out.Write(p)
	}))
	w.Lock = g
	for _, size := range edges {
		payload := pattern(size)
		rest := &io.LimitedReader{R: bytes.NewReader(payload[size/2:]), N: int64(size - size/2)}
		for _, p := range []frame.Payload{{Bytes: payload}, {Bytes: payload[:size/2], Rest: rest}} {
			if err := w.Put(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil || g.held {
		t.Fatalf("%v, held: %t", err, g.held)
	}
	if got, want := w.Written(), int64(2*len(edges)); got != want {
		t.Fatalf("%d written, want %d", got, want)
	}
}

// What others write after half a frame would be taken for its rest.
func TestLockIsKeptAfterAFailedWrite(t *testing.T) {
	broken := errors.New("broken")
	g := &guard{t: t, out: new(bytes.Buffer)}
	w := frame.NewWriter(writerFunc(func(p []byte) (int, error) { return 7, broken }))
	w.Lock = g
	w.Put(frame.Payload{Bytes: []byte("hello")})
	if err := w.Flush(); err != broken || !g.held {
		t.Fatalf("%v, held: %t", err, g.held)
	}
}

func TestLockThatCannotBeHad(t *testing.T) {
	g := &guard{t: t, out: new(bytes.Buffer), refusal: errors.New("no locks available")}
	w := frame.NewWriter(g.out)
	w.Lock = g
	w.Put(frame.Payload{Bytes: []byte("hello")})
	for range 2 {
		if err := w.Flush(); err != g.refusal {
			t.Fatal(err)
		}
	}
	if g.turns != 1 || g.out.Len() > 0 || w.Written() != 0 {
		t.Fatalf("%d turns, %d bytes and %d messages written", g.turns, g.out.Len(), w.Written())
	}
}
