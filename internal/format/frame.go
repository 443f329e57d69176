package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"ductworks/internal/frame"
)

var frameFormat = Format{
	Name:       "frame",
	Summary:    "frames as on the wire, back to back",
	Streams:    true,
	NewDecoder: newFrameDecoder,
	NewEncoder: func(Options) Encoder { return &streamEncoder{prefix: frame.AppendHeader} },
	Message:    frameMessage,
}

// streamAbove is the size in bytes above which payloads of the formats that
// stream are given as they arrive.
const streamAbove = 1 << 20

// streamFileAbove is the same for regular files: they hold a payload whole
// before it is sent, and it need not enter the process.
const streamFileAbove = 128 << 10

type frameDecoder struct {
	frames *frame.Reader
	src    io.Reader
	isFile bool
	number int64
	err    error
}

func newFrameDecoder(src io.Reader, o Options) Decoder {
	r := frame.NewReader(src, o.Limit)
	if o.buffer > 0 {
		r.Buffer(make([]byte, o.buffer))
	}
	d := &frameDecoder{frames: r, src: src, isFile: fileSize(src) > 0}
	r.StreamAbove = streamAbove
	if d.isFile {
		r.StreamAbove = streamFileAbove
	}
	return d
}

func (d *frameDecoder) Next() (frame.Payload, error) {
	if d.err != nil {
		return frame.Payload{}, d.err
	}
	p, err := d.frames.Next()
	d.number++
	if err != nil {
		d.err = badFrame(d.number, err)
		return frame.Payload{}, d.err
	}
	if p.Rest != nil {
		p.Rest.R = &frameRest{p.Rest.R.(frame.Detour), d.number}
		d.err = d.checkFile(p)
	}
	return p, d.err
}

// checkFile finds a payload that is torn by the end of a file before any of it
// is sent.
func (d *frameDecoder) checkFile(p frame.Payload) error {
	if !d.isFile || fileSize(d.src) >= p.Rest.N {
		return nil
	}
	got := int64(len(p.Bytes)) + fileSize(d.src)
	return badFrame(d.number, &frame.TornError{Frame: d.number, Got: got, Want: p.Size()})
}

// badFrame turns an error of the codec into one about the input.
func badFrame(number int64, err error) error {
	where := fmt.Sprintf("frame %d", number)
	var torn *frame.TornError
	var size *frame.SizeError
	var magic *frame.MagicError
	switch {
	case errors.As(err, &torn):
		return &RecordError{Where: where, Reason: tornReason(torn)}
	case errors.As(err, &size):
		return tooLarge(where, size.Limit)
	case errors.As(err, &magic):
		return &RecordError{Where: where, Reason: "not a frame: " + Escape(magic.Error())}
	}
	return err
}

func tornReason(e *frame.TornError) string {
	part := "payload"
	if e.InHeader {
		part = "header"
	}
	return fmt.Sprintf("the input ends after %d of the %d bytes of its %s", e.Got, e.Want, part)
}

// A frameRest reads a payload as it arrives, with the errors of a frameDecoder.
type frameRest struct {
	frame.Detour
	number int64
}

func (r *frameRest) Read(p []byte) (int, error) {
	n, err := r.Detour.Read(p)
	return n, r.explain(err)
}

func (r *frameRest) Moved(n int64, err error) error { return r.explain(r.Detour.Moved(n, err)) }

func (r *frameRest) explain(err error) error {
	if err == nil {
		return nil
	}
	return badFrame(r.number, err)
}

func frameMessage(text string, o Options) ([]byte, error) {
	r := frame.NewReader(bytes.NewReader([]byte(text)), o.Limit)
	p, err := r.Next()
	if err == io.EOF {
		return nil, &RecordError{Reason: "empty: a frame has a header"}
	}
	if err != nil {
		return nil, badFrame(1, err)
	}
	payload := bytes.Clone(p.Bytes)
	if rest := len(text) - frame.HeaderSize - len(payload); rest > 0 {
		return nil, &RecordError{Reason: fmt.Sprintf("%d bytes follow the frame", rest)}
	}
	return payload, nil
}

// A streamEncoder writes payloads behind a prefix that depends on their size alone.
type streamEncoder struct {
	prefix func(dst []byte, size int64) []byte
	buf    []byte
}

func (e *streamEncoder) AppendPrefix(dst []byte, size int64) []byte {
	return e.prefix(dst, size)
}

func (e *streamEncoder) Encode(w *bufio.Writer, p frame.Payload) error {
	w.Write(e.AppendPrefix(w.AvailableBuffer(), p.Size()))
	if len(p.Bytes) > w.Available() {
		w.Flush() // otherwise w would fill up with a copy of the payload's beginning
	}
	_, err := w.Write(p.Bytes) // fails too if the write before has failed
	if err != nil || p.Rest == nil {
		return err
	}
	if e.buf == nil {
		e.buf = make([]byte, bufferSize)
	}
	// Not w.ReadFrom: reading may make the caller flush w, in the middle of that.
	return frame.Copy(w, p.Rest, e.buf)
}
