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

type frameDecoder struct {
	frames *frame.Reader
	number int64
	err    error
}

func newFrameDecoder(src io.Reader, o Options) Decoder {
	r := frame.NewReader(src, o.Limit)
	r.StreamAbove = streamAbove
	return &frameDecoder{frames: r}
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
		p.Rest.R = &frameRest{p.Rest.R, d.number}
	}
	return p, nil
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
	r      io.Reader
	number int64
}

func (r *frameRest) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil {
		err = badFrame(r.number, err)
	}
	return n, err
}

// Source is the input, from which what is left can be moved directly; nil where
// that cannot be done.
func (r *frameRest) Source() io.Reader {
	if s, ok := r.r.(interface{ Source() io.Reader }); ok {
		return s.Source()
	}
	return nil
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
