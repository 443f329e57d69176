package format

import (
	"cmp"
	"io"
)

const (
	// bufferSize is what a buffer holds of its source unless one record is larger,
	// in bytes.
	bufferSize = 256 << 10
	// keepLarge is the largest scratch memory that is kept whatever it is needed for.
	keepLarge = 1 << 20
)

// A buffer holds what has been read from a source and not been used yet. Its
// source is read when more is called, and never else.
type buffer struct {
	src        io.Reader
	size       int    // what is held unless one record is larger
	mem        []byte // mem[start:end] is what is held
	start, end int
	largest    int   // skipped at once since memory was last arranged
	err        error // the source's, final
}

func newBuffer(src io.Reader, o Options) buffer {
	return buffer{src: src, size: cmp.Or(o.buffer, bufferSize)}
}

func (b *buffer) bytes() []byte { return b.mem[b.start:b.end] }

// skip takes n bytes as used. They stay where they are until more is called.
func (b *buffer) skip(n int) { b.skipEach(n, n) }

// skipEach is skip for each of several pieces, which have n bytes in all and
// the largest of them so many.
func (b *buffer) skipEach(n, largest int) {
	b.start += n
	b.largest = max(b.largest, largest)
}

// unskip takes the last n bytes that were skipped since more was called back.
func (b *buffer) unskip(n int) { b.start -= n }

// more reads once from the source, one byte at least, or fails. A buffer that
// is full grows first, to at most limit bytes where that is more than its usual size.
func (b *buffer) more(limit int) error {
	if b.err != nil {
		return b.err
	}
	b.arrange(max(limit, b.size))
	for range 100 {
		n, err := b.src.Read(b.mem[b.end:])
		b.end += n
		b.err = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	b.err = io.ErrNoProgress
	return b.err
}

// arrange moves what is held to the beginning of memory of a fitting size.
func (b *buffer) arrange(limit int) {
	held := b.bytes()
	if size := b.fit(len(held), limit); size != len(b.mem) {
		b.mem = make([]byte, size)
	}
	b.start, b.end = 0, copy(b.mem, held)
	b.largest = 0
}

// fit gives the size of memory in which held bytes have room for more.
func (b *buffer) fit(held, limit int) int {
	size := len(b.mem)
	switch {
	case max(held, b.largest) <= b.size/2:
		return b.size
	case held < size:
		return size
	default:
		return min(2*size, limit)
	}
}

// reuse gives b, emptied, as scratch memory for about n bytes; a huge one only
// where n is large too, so that one huge record does not occupy memory for ever.
func reuse(b []byte, n int) []byte {
	if cap(b) > keepLarge && n < cap(b)/8 {
		return nil
	}
	return b[:0]
}
