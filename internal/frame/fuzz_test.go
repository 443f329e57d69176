package frame_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"ductworks/internal/frame"
)

// What FuzzReader has in its second parameter.
const (
	fuzzExact = 1 << iota
	fuzzStream
	fuzzGather
	fuzzEarlyError
)

// FuzzReader holds the Reader against the plainest parser of the same bytes,
// however they are cut into reads: cuts has the size of each, over and over.
// The Reader's buffer is small, so that payloads reach beyond it.
func FuzzReader(f *testing.F) {
	for how := range uint8(16) {
		f.Add(wire([]byte("one"), nil, []byte("three")), how, []byte{})
		f.Add(wire([]byte("one"), nil, []byte("three")), how, []byte{1})
		f.Add([]byte("T\xff\xff\xff\xff"), how, []byte{3, 0})
		f.Add([]byte("HTTP/1.1 200 OK\r\n"), how, []byte{7})
		f.Add(wire(pattern(59), pattern(60), pattern(300)), how, []byte{64, 5, 1})
		f.Add(wire(pattern(1000))[:700], how, []byte{64})
	}
	var buf [64]byte
	f.Fuzz(func(t *testing.T, data []byte, how uint8, cuts []byte) {
		const limit = 2000
		r := frame.NewReader(&cutReader{data: data, cuts: cuts, early: how&fuzzEarlyError != 0}, limit)
		r.Buffer(buf[:])
		r.Exact = how&fuzzExact != 0
		if how&fuzzStream != 0 {
			r.StreamAbove = 100
		}
		for rest := data; ; {
			var want []byte
			var end string
			want, rest, end = parse(rest, limit)
			p, err := nextPayload(r)
			if got := kind(err); got != end {
				t.Fatalf("%d bytes before the end: %v, want %q", len(rest), err, end)
			}
			if end != "" {
				break
			}
			wantPayload(t, p, want)
			if how&fuzzGather != 0 {
				rest = wantGathered(t, r, p, want, rest, limit)
			}
		}
	})
}

// nextPayload is Next, and the error of a Rest is Next's.
func nextPayload(r *frame.Reader) (frame.Payload, error) {
	p, err := r.Next()
	if err == nil && p.Rest != nil {
		var rest []byte
		rest, err = io.ReadAll(p.Rest)
		p = frame.Payload{Bytes: append(bytes.Clone(p.Bytes), rest...)}
	}
	return p, err
}

// wantGathered checks what Gather gives after p, and returns what of rest
// stands behind that.
func wantGathered(t *testing.T, r *frame.Reader, p frame.Payload, last, rest []byte, limit int) []byte {
	t.Helper()
	var batch [3]frame.Payload
	for _, gathered := range r.Gather(batch[:0]) {
		want, after, end := parse(rest, limit)
		if end != "" {
			t.Fatalf("gathered %q, want %s", gathered.Bytes, end)
		}
		wantPayload(t, gathered, want)
		rest = after
	}
	wantPayload(t, p, last) // which is to stay valid
	return rest
}

func wantPayload(t *testing.T, p frame.Payload, want []byte) {
	t.Helper()
	if !bytes.Equal(p.Bytes, want) {
		t.Fatalf("got %q, want %q", p.Bytes, want)
	}
}

// parse cuts the first frame off b without a buffer, a state or a care for
// speed. What is no frame has a word for what it is.
func parse(b []byte, limit int) (payload, rest []byte, end string) {
	switch {
	case len(b) == 0:
		return nil, b, "end"
	case b[0] != 'T':
		return nil, b, "magic"
	case len(b) < 5:
		return nil, b, "torn"
	}
	size := int(binary.BigEndian.Uint32(b[1:]))
	switch {
	case size > limit:
		return nil, b, "size"
	case len(b) < 5+size:
		return nil, b, "torn"
	}
	return b[5 : 5+size], b[5+size:], ""
}

func kind(err error) string {
	var (
		magic *frame.MagicError
		torn  *frame.TornError
		size  *frame.SizeError
	)
	switch {
	case err == nil:
		return ""
	case err == io.EOF:
		return "end"
	case errors.As(err, &magic):
		return "magic"
	case errors.As(err, &torn):
		return "torn"
	case errors.As(err, &size):
		return "size"
	}
	return err.Error()
}

// A cutReader gives data in reads of the sizes in cuts, over and over, and where
// it is early the end together with the last bytes. Where there are no cuts,
// and where two of size 0 would follow each other, it gives all that there is
// room for.
type cutReader struct {
	data, cuts []byte
	next       int
	waited     bool
	early      bool
}

func (r *cutReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.data[:r.cut()])
	r.data = r.data[n:]
	if r.early && len(r.data) == 0 {
		return n, io.EOF
	}
	return n, nil
}

func (r *cutReader) cut() int {
	if len(r.cuts) == 0 {
		return len(r.data)
	}
	n := int(r.cuts[r.next%len(r.cuts)])
	r.next++
	if n == 0 && r.waited {
		n = len(r.data)
	}
	r.waited = n == 0
	return min(n, len(r.data))
}
