package frame_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"ductworks/internal/frame"
)

// again is a reader that never ends.
type again struct {
	data []byte
	at   int
}

func (a *again) Read(p []byte) (int, error) {
	n := copy(p, a.data[a.at:])
	a.at = (a.at + n) % len(a.data)
	return n, nil
}

func BenchmarkReader(b *testing.B) {
	for _, size := range []int{10, 99, 4096, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			r := frame.NewReader(&again{data: bytes.Repeat(wire(pattern(size)), max(1, 1<<20/size))}, limit)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWriter(b *testing.B) {
	for _, size := range []int{10, 99, 4096, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := frame.NewWriter(io.Discard)
			p := frame.Payload{Bytes: pattern(size)}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Put(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
