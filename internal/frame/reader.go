package frame

import (
	"encoding/binary"
	"errors"
	"io"
)

const (
	// firstBuffer is enough for a peer that says little, of whom there may be
	// thousands. A buffer that is filled grows by growthFactor, up to bufferSize.
	firstBuffer  = 4 << 10
	growthFactor = 8
	// smallFill is how much is read at once where the frame before was large:
	// what is read too much of a large payload is copied.
	smallFill = 32 << 10
	// keepLarge is the largest buffer that is kept for the next large payload.
	keepLarge = 4 << 20
)

// A Reader reads frames. Its methods are for one goroutine.
//
// The source is read only when no whole frame is left in the Reader's buffer,
// so a source that is a hook learns that everything received has been given.
// Memory grows with the bytes that arrived and never with a length that was
// promised.
type Reader struct {
	// StreamAbove is the size in bytes above which a payload is given with a
	// Rest, as it arrives. Zero means that every payload is given whole.
	StreamAbove int64
	// Exact keeps the Reader from reading a single byte past the frame that it
	// gives, at the price of two reads a frame: for a socket that others read too.
	Exact bool

	src    io.Reader
	limit  int64
	buf    []byte // what is buffered is buf[start:end]
	most   int    // that buf may grow to
	start  int
	end    int
	large  []byte // for payloads that buf cannot hold
	inBulk bool   // the last frame was too large for buf
	rest   *io.LimitedReader
	frames int64 // given so far, the one being read included
	offset int64 // in the stream, of buf[end]
	err    error // final
	srcErr error // came together with bytes, to be reported after them
}

// NewReader reads frames from src, whose payloads may have up to limit bytes.
func NewReader(src io.Reader, limit int64) *Reader {
	return &Reader{src: src, limit: limit, most: bufferSize}
}

// Buffer gives the Reader buf, of HeaderSize bytes at least, to read into: before
// the first call of Next, for a Reader that is to do with less than the 256 KiB
// up to which its own buffer grows, or with memory that is there already.
func (r *Reader) Buffer(buf []byte) { r.buf, r.most = buf, len(buf) }

// Next gives the next payload. At the end of the stream it returns io.EOF
// where a frame has just ended, and a *TornError inside one. What is no frame
// is a *MagicError, what is over the limit a *SizeError; else the error is the
// source's. Errors are final. A Rest that ends early gives its reader
// a *TornError.
func (r *Reader) Next() (Payload, error) {
	if p, ok := r.buffered(); ok {
		r.frames++
		return p, nil
	}
	if r.err != nil {
		return Payload{}, r.err
	}
	p, err := r.next()
	r.err = err
	return p, err
}

// Gather appends those payloads to batch whose frames lie whole in the buffer,
// as far as its capacity goes. They are valid until the next call of Next, and
// so is the one that Next has given last.
func (r *Reader) Gather(batch []Payload) []Payload {
	for len(batch) < cap(batch) {
		p, ok := r.buffered()
		if !ok {
			break
		}
		r.frames++
		batch = append(batch, p)
	}
	return batch
}

// buffered gives the frame that lies whole in the buffer, if one does.
func (r *Reader) buffered() (Payload, bool) {
	have := r.buf[r.start:r.end]
	if len(have) < HeaderSize || have[0] != Magic || r.rest != nil {
		return Payload{}, false
	}
	size := int64(binary.BigEndian.Uint32(have[1:]))
	if size > int64(len(have)-HeaderSize) || size > r.limit || r.streams(size) {
		return Payload{}, false
	}
	end := HeaderSize + int(size)
	r.start += end
	return Payload{Bytes: have[HeaderSize:end:end]}, true
}

func (r *Reader) streams(size int64) bool {
	return r.StreamAbove > 0 && size > r.StreamAbove
}

func (r *Reader) next() (Payload, error) {
	if err := r.finishRest(); err != nil {
		return Payload{}, err
	}
	r.compact()
	size, err := r.header()
	if err != nil {
		return Payload{}, err
	}
	r.inBulk = size > int64(r.most-HeaderSize)
	switch {
	case r.streams(size):
		return r.stream(size), nil
	case !r.inBulk:
		return r.small(int(size))
	default:
		return r.whole(int(size))
	}
}

// finishRest holds the caller to the rule that a Rest is read to its end.
func (r *Reader) finishRest() error {
	if r.rest == nil {
		return nil
	}
	if r.rest.N > 0 {
		return errors.New("frame: the payload before was not read to its end")
	}
	r.rest = nil
	return nil
}

// compact moves what is buffered, less than a frame, to the buffer's beginning.
func (r *Reader) compact() {
	filled := r.end == len(r.buf) && r.end < r.most
	r.end = copy(r.buf, r.buf[r.start:r.end])
	r.start = 0
	if filled {
		r.grow()
	}
}

// grow makes the buffer larger, since more arrives at once than it holds.
func (r *Reader) grow() {
	larger := make([]byte, min(r.most, max(firstBuffer, growthFactor*len(r.buf))))
	copy(larger, r.buf[:r.end])
	r.buf = larger
}

// header reads a frame's header and gives the payload's size.
func (r *Reader) header() (int64, error) {
	r.frames++
	for r.end < HeaderSize {
		if r.end > 0 && r.buf[0] != Magic {
			break
		}
		if err := r.fill(HeaderSize); err != nil {
			if err == io.EOF && r.end > 0 {
				err = &TornError{Frame: r.frames, Got: int64(r.end), Want: HeaderSize, InHeader: true}
			}
			return 0, err
		}
	}
	if r.buf[0] != Magic {
		return 0, r.magicError()
	}
	size := int64(binary.BigEndian.Uint32(r.buf[1:]))
	if size > r.limit {
		return 0, &SizeError{Frame: r.frames, Size: size, Limit: r.limit}
	}
	return size, nil
}

func (r *Reader) magicError() error {
	start := r.buf[:min(r.end, sniffLength)]
	return &MagicError{Offset: r.offset - int64(r.end), Start: append([]byte(nil), start...)}
}

// small gives a payload that the buffer can hold, if need be once it has grown.
func (r *Reader) small(size int) (Payload, error) {
	end := HeaderSize + size
	for r.end < end {
		if r.end == len(r.buf) {
			r.grow()
		}
		if err := r.fill(min(end, len(r.buf))); err != nil {
			return Payload{}, r.torn(err, int64(r.end-HeaderSize), int64(size))
		}
	}
	r.start = end
	return Payload{Bytes: r.buf[HeaderSize:end:end]}, nil
}

// whole gives a payload that the buffer cannot hold, in memory that doubles as
// it fills. What follows the payload is left in the source, so that no byte is
// copied twice.
func (r *Reader) whole(size int) (Payload, error) {
	r.resize(min(size, max(2*len(r.buf), cap(r.large))))
	have := copy(r.large, r.take(size))
	for have < size {
		if have == len(r.large) {
			r.resize(min(size, 2*have))
		}
		n, err := r.read(r.large[have:min(size, len(r.large))])
		have += n
		if err != nil {
			return Payload{}, r.torn(err, int64(have), int64(size))
		}
	}
	p := Payload{Bytes: r.large[:size:size]}
	if cap(r.large) > keepLarge {
		r.large = nil
	}
	return p, nil
}

// resize makes large n bytes long and keeps what it holds.
func (r *Reader) resize(n int) {
	if n <= cap(r.large) {
		r.large = r.large[:n]
		return
	}
	larger := make([]byte, n)
	copy(larger, r.large)
	r.large = larger
}

// take gives what is buffered of the payload whose header has been read.
func (r *Reader) take(size int) []byte {
	end := min(r.end, HeaderSize+size)
	r.start = end
	return r.buf[HeaderSize:end]
}

// stream gives a payload as it arrives.
func (r *Reader) stream(size int64) Payload {
	p := Payload{Bytes: r.take(int(size))}
	if left := size - int64(len(p.Bytes)); left > 0 {
		r.rest = &io.LimitedReader{R: &restReader{r, size}, N: left}
		p.Rest = r.rest
	}
	return p
}

// A restReader reads what is yet to come of a payload of size bytes. It is a Detour.
type restReader struct {
	r    *Reader
	size int64
}

func (rr *restReader) Read(p []byte) (int, error) {
	n, err := rr.r.read(p)
	if err != nil {
		err = rr.r.torn(err, rr.size-rr.r.rest.N+int64(n), rr.size)
		rr.r.err = err
	}
	return n, err
}

func (rr *restReader) Source() io.Reader { return rr.r.src }

func (rr *restReader) Moved(n int64, err error) error {
	rr.r.offset += n
	rr.r.rest.N -= n
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	if err != nil {
		err = rr.r.torn(err, rr.size-rr.r.rest.N, rr.size)
		rr.r.err = err
	}
	return err
}

func (r *Reader) torn(err error, got, want int64) error {
	if err != io.EOF {
		return err
	}
	return &TornError{Frame: r.frames, Got: got, Want: want}
}

// fill reads more into the buffer, which is to hold target bytes at least.
func (r *Reader) fill(target int) error {
	space := r.buf[r.end:]
	switch {
	case r.Exact:
		space = r.buf[r.end:target]
	case r.inBulk:
		space = r.buf[r.end:min(max(target, smallFill), len(r.buf))]
	}
	n, err := r.read(space)
	r.end += n
	return err
}

// read reads at least one byte into p, or fails.
func (r *Reader) read(p []byte) (int, error) {
	if r.srcErr != nil {
		return 0, r.srcErr
	}
	for range 100 {
		n, err := r.src.Read(p)
		r.offset += int64(n)
		if n > 0 {
			r.srcErr = err
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}
