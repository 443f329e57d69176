package duct

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
)

// newHold fills a Hold with what it takes of p, which comes in pieces of so many
// bytes.
func newHold(t *testing.T, near Conn, far io.Writer, p []byte, piece int, to *os.File) (h *Hold, held int64) {
	t.Helper()
	go func() {
		for left := p; len(left) > 0; {
			n, _ := far.Write(left[:min(len(left), piece)])
			left = left[n:]
		}
	}()
	h, err := NewHold(near, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	held, err = h.Fill(int64(len(p)))
	if err != nil || held == 0 || held > int64(len(p)) {
		t.Fatalf("filled with %d: %v", held, err)
	}
	return h, held
}

func TestHold(t *testing.T) {
	for name, sink := range sinks {
		if name == "append" || name == "socket" {
			continue
		}
		// A pipe takes a number of pieces rather than of bytes.
		for _, c := range []struct {
			size, piece int
			fits        bool
		}{{1, 1, true}, {50_000, 50_000, true}, {300_000, 100, false}} {
			t.Run(name, func(t *testing.T) {
				size := c.size
				near, far := pairEnds(t)
				p := payload(size)
				f, read := sink(t)
				h, held := newHold(t, near, far, p, c.piece, f)
				if (held == int64(size)) != c.fits {
					t.Errorf("%d of %d bytes are held", held, size)
				}
				if !hasMoved(near, held) {
					t.Errorf("moved %d, held %d", near.Moved(), held)
				}
				if n, err := h.MoveTo(f); n != held || err != nil {
					t.Errorf("gave %d of %d: %v", n, held, err)
				}
				if n, err := h.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("then it gave %d: %v", n, err)
				}
				f.Close()
				rest := make([]byte, int64(size)-held)
				if _, err := io.ReadFull(near, rest); err != nil {
					t.Error(err)
				}
				if !bytes.Equal(append(read(), rest...), p) {
					t.Error("the bytes changed on the way")
				}
			})
		}
	}
}

// TestHoldIsReadToo, and gives no more than it was filled with.
func TestHoldIsReadToo(t *testing.T) {
	near, far := pairEnds(t)
	p := payload(50_000)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	h, _ := newHold(t, near, far, p, len(p), null)
	go far.Write([]byte("more"))
	h.Fill(4)
	p = append(p, "more"...)
	if got, err := io.ReadAll(h); !bytes.Equal(got, p) || err != nil {
		t.Errorf("read %d bytes: %v", len(got), err)
	}
	if n, err := h.MoveTo(null); n != 0 || err != nil {
		t.Errorf("then it gave %d: %v", n, err)
	}
}

func TestHoldSourceEndsEarly(t *testing.T) {
	near, far := pairEnds(t)
	r, w := osPipe(t)
	h, _ := newHold(t, near, far, []byte("half"), 4, w)
	far.CloseWrite()
	n, err := h.Fill(5)
	if source := (*SourceError)(nil); n != 0 || !errors.As(err, &source) || source.Err != io.ErrUnexpectedEOF {
		t.Errorf("filled with %d: %v", n, err)
	}
	h.MoveTo(w)
	w.Close()
	if got, _ := io.ReadAll(r); string(got) != "half" {
		t.Errorf("it held %q", got)
	}
}

func TestHoldSinkBreaks(t *testing.T) {
	near, far := pairEnds(t)
	r, w := osPipe(t)
	h, _ := newHold(t, near, far, payload(50_000), 50_000, w)
	r.Close()
	if _, err := h.MoveTo(w); !isSink(err) || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v", err)
	}
}
