package frame_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"ductworks/internal/frame"
)

// FuzzReader holds the Reader against the plainest parser of the same bytes.
func FuzzReader(f *testing.F) {
	f.Add(wire([]byte("one"), nil, []byte("three")), uint8(0))
	f.Add([]byte("T\xff\xff\xff\xff"), uint8(1))
	f.Add([]byte("HTTP/1.1 200 OK\r\n"), uint8(2))
	f.Add(wire(pattern(3000))[:2000], uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, how uint8) {
		const limit = 2000
		src := io.Reader(bytes.NewReader(data))
		if how&1 != 0 {
			src = iotest.OneByteReader(src)
		}
		if how&2 != 0 {
			src = iotest.DataErrReader(src)
		}
		r := frame.NewReader(src, limit)
		r.Exact = how&4 != 0
		if how&8 != 0 {
			r.StreamAbove = 100
		}
		got, err := readAll(r)
		want, end := parse(data, limit)
		wantPayloads(t, got, want)
		if kind(err) != end {
			t.Fatalf("ended with %v, want %s", err, end)
		}
	})
}

// parse reads frames without a buffer, a state or a care for speed.
func parse(b []byte, limit int) (payloads [][]byte, end string) {
	for len(b) > 0 {
		if b[0] != 'T' {
			return payloads, "magic"
		}
		if len(b) < 5 {
			return payloads, "torn"
		}
		size := int(b[1])<<24 | int(b[2])<<16 | int(b[3])<<8 | int(b[4])
		if size > limit {
			return payloads, "size"
		}
		if len(b) < 5+size {
			return payloads, "torn"
		}
		payloads = append(payloads, b[5:5+size])
		b = b[5+size:]
	}
	return payloads, "end"
}

func kind(err error) string {
	var (
		magic *frame.MagicError
		torn  *frame.TornError
		size  *frame.SizeError
	)
	switch {
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
