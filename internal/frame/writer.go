package frame

import (
	"encoding/binary"
	"io"
	"sync/atomic"
)

// firstPiece is how much of a large payload is copied, to travel with its header.
const firstPiece = 32 << 10

// A Writer writes frames. Its methods are for one goroutine.
//
// Frames gather in a buffer until it is full or Flush is called: the caller
// flushes when it is about to wait, and many small frames share one write.
// A write that failed is final, since it may have left half a frame behind:
// every later call returns the same error.
type Writer struct {
	// Transfer moves the N bytes of rest to dst and lowers N by what was
	// moved, in whatever way beats reading and writing. An error of the
	// reader is given as a *RestError. Nil means to read and to write.
	Transfer func(dst io.Writer, rest *io.LimitedReader) error
	// Lock, if not nil, is held while anything is written, from the first byte
	// of a frame to the last one of the same or another: others write to the
	// destination, too. After a failed write it is kept, since what others wrote
	// would be taken for the rest of half a frame.
	Lock Lock

	dst     io.Writer
	buf     []byte // whole frames, the last of which may want the end of its payload
	pending int64  // frames that are whole in buf
	written atomic.Int64
	err     error
}

// A Lock keeps others from writing between Lock and Unlock.
type Lock interface {
	Lock() error
	Unlock() error
}

// NewWriter writes frames to dst.
func NewWriter(dst io.Writer) *Writer {
	return &Writer{dst: dst}
}

// Written counts the frames of which the destination has taken every byte. It
// may be called at any time, by any goroutine.
func (w *Writer) Written() int64 { return w.written.Load() }

// Put writes one payload as one frame. It does not keep the payload. The error
// is a *RestError where p.Rest could not be read, else that of the destination.
func (w *Writer) Put(p Payload) error {
	if w.err == nil && p.Rest == nil && HeaderSize+len(p.Bytes) <= cap(w.buf)-len(w.buf) {
		w.buf = append(AppendHeader(w.buf, int64(len(p.Bytes))), p.Bytes...)
		w.pending++
		return nil
	}
	return w.put(p)
}

// PutAll writes whole payloads, a frame for each, and says how many were put
// before it failed.
func (w *Writer) PutAll(batch []Payload) (n int, err error) {
	for n < len(batch) {
		if many := w.putMany(batch[n:]); many > 0 {
			n += many
			continue
		}
		if err := w.put(batch[n]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// putMany puts the payloads for whose frames the buffer has room.
func (w *Writer) putMany(batch []Payload) (n int) {
	if w.err != nil {
		return 0
	}
	buf := w.buf
	for n < len(batch) && HeaderSize+len(batch[n].Bytes) <= cap(buf)-len(buf) {
		payload := batch[n].Bytes
		buf = append(AppendHeader(buf, int64(len(payload))), payload...)
		n++
	}
	w.buf = buf
	w.pending += int64(n)
	return n
}

// put writes a frame for which the buffer has no room.
func (w *Writer) put(p Payload) error {
	if w.err != nil {
		return w.err
	}
	if w.buf == nil {
		w.buf = make([]byte, 0, bufferSize)
	}
	fits := p.Rest == nil && HeaderSize+len(p.Bytes) <= cap(w.buf)
	if fits || cap(w.buf)-len(w.buf) < HeaderSize {
		if err := w.Flush(); err != nil {
			return err
		}
	}
	w.buf = AppendHeader(w.buf, p.Size())
	// The header travels with the payload's beginning: alone it would cost
	// a system call here and wake the peer for nothing.
	n := min(len(p.Bytes), cap(w.buf)-len(w.buf))
	if !fits {
		n = min(n, firstPiece)
	}
	w.buf = append(w.buf, p.Bytes[:n]...)
	if fits {
		w.pending++
		return nil
	}
	return w.finish(p.Bytes[n:], p.Rest)
}

// finish writes the buffer and what follows it of its last frame.
func (w *Writer) finish(tail []byte, rest *io.LimitedReader) error {
	return w.exclusively(func() error { return w.writeAll(tail, rest) })
}

func (w *Writer) writeAll(tail []byte, rest *io.LimitedReader) error {
	if err := w.writeBuffer(); err != nil {
		return err
	}
	if len(tail) > 0 {
		if _, w.err = w.dst.Write(tail); w.err != nil {
			return w.err
		}
	}
	if rest != nil {
		if w.err = w.transfer(rest); w.err != nil {
			return w.err
		}
	}
	w.written.Add(1)
	return nil
}

func (w *Writer) transfer(rest *io.LimitedReader) error {
	if w.Transfer != nil {
		return w.Transfer(w.dst, rest)
	}
	return Copy(w.dst, rest, w.buf[:cap(w.buf)])
}

// Copy moves the N bytes of rest to dst by way of buf. An error of the reader,
// io.ErrUnexpectedEOF where it ends early, is given as a *RestError.
func Copy(dst io.Writer, rest *io.LimitedReader, buf []byte) error {
	for rest.N > 0 {
		n, err := rest.Read(buf)
		if n > 0 {
			if _, werr := dst.Write(buf[:n]); werr != nil {
				return werr
			}
		}
		if err == io.EOF && rest.N > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && err != io.EOF {
			return &RestError{err}
		}
	}
	return nil
}

// Flush hands everything that has been put to the destination.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	if w.Lock == nil {
		return w.writeBuffer()
	}
	return w.exclusively(w.writeBuffer)
}

// exclusively runs write while nobody else may write to the destination.
func (w *Writer) exclusively(write func() error) error {
	if w.Lock == nil {
		return write()
	}
	if w.err = w.Lock.Lock(); w.err != nil {
		return w.err
	}
	if err := write(); err != nil {
		return err
	}
	w.err = w.Lock.Unlock()
	return w.err
}

func (w *Writer) writeBuffer() error {
	n, err := w.dst.Write(w.buf)
	if err != nil {
		w.pending, _ = CountWhole(w.buf[:n])
	}
	w.written.Add(w.pending)
	w.buf, w.pending, w.err = w.buf[:0], 0, err
	return err
}

// CountWhole counts the frames that stand whole at the beginning of b, which
// are what a Writer has written, and their bytes.
func CountWhole(b []byte) (frames int64, bytes int) {
	for len(b)-bytes >= HeaderSize {
		left := b[bytes:]
		size := int64(binary.BigEndian.Uint32(left[1:]))
		if size > int64(len(left)-HeaderSize) {
			break
		}
		bytes += HeaderSize + int(size)
		frames++
	}
	return frames, bytes
}
