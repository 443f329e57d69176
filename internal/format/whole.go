package format

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"ductworks/internal/frame"
)

var wholeFormat = Format{
	Name:       "whole",
	Summary:    "all of the input is one payload; payloads with nothing between on output",
	Streams:    true,
	NewDecoder: func(src io.Reader, o Options) Decoder { return &wholeDecoder{src: src, limit: o.Limit} },
	NewEncoder: func(Options) Encoder { return &streamEncoder{prefix: noPrefix} },
	Message:    rawMessage,
}

func noPrefix(dst []byte, _ int64) []byte { return dst }

// A wholeDecoder gives one payload. A regular file, whose size is known, is
// given unread, what is small from memory, and the rest from a temporary file.
type wholeDecoder struct {
	src   io.Reader
	limit int64
	spool *spool
	err   error
}

func (d *wholeDecoder) Next() (frame.Payload, error) {
	if d.err != nil {
		d.spool.close()
		return frame.Payload{}, d.err
	}
	p, err := d.read()
	if err != nil {
		d.err = err
		return frame.Payload{}, err
	}
	d.err = io.EOF
	return p, nil
}

func (d *wholeDecoder) read() (frame.Payload, error) {
	if size := fileSize(d.src); size > 0 {
		if size > d.limit {
			return frame.Payload{}, tooLarge("", d.limit)
		}
		return frame.Payload{Rest: &io.LimitedReader{R: d.src, N: size}}, nil
	}
	var head bytes.Buffer
	size, err := head.ReadFrom(io.LimitReader(d.src, min(d.limit, streamAbove)+1))
	switch {
	case err != nil:
		return frame.Payload{}, err
	case size > d.limit:
		return frame.Payload{}, tooLarge("", d.limit)
	case size <= streamAbove:
		return frame.Payload{Bytes: head.Bytes()}, nil
	}
	return d.spoolFrom(head.Bytes())
}

// fileSize is how much a regular file has yet to give. It is 0 for what is none,
// and for one that hides its size, as those of /proc do.
func fileSize(src io.Reader) int64 {
	s, ok := src.(interface{ File() *os.File })
	if !ok || s.File() == nil {
		return 0
	}
	info, err := s.File().Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	offset, err := s.File().Seek(0, io.SeekCurrent)
	if err != nil {
		return 0
	}
	return info.Size() - offset
}

// spoolFrom gives a payload that begins with head from a temporary file.
func (d *wholeDecoder) spoolFrom(head []byte) (frame.Payload, error) {
	s, err := newSpool()
	if err != nil {
		return frame.Payload{}, fmt.Errorf("keeping the input in a temporary file: %w", err)
	}
	size, err := s.fill(io.MultiReader(bytes.NewReader(head), d.src), d.limit)
	if err == nil && size > d.limit {
		err = tooLarge("", d.limit)
	}
	if err != nil {
		s.close()
		return frame.Payload{}, err
	}
	d.spool = s
	return frame.Payload{Rest: &io.LimitedReader{R: s.file, N: size}}, nil
}

// A spool is a temporary file that nobody else can open.
type spool struct {
	file *os.File
	// leftover is its name where the system removes no open files.
	leftover string
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "ductworks-")
	if err != nil {
		return nil, err
	}
	s := &spool{file: f}
	if os.Remove(f.Name()) != nil {
		s.leftover = f.Name()
	}
	return s, nil
}

// fill copies src, one byte more than limit at most, and goes back to the
// file's beginning.
func (s *spool) fill(src io.Reader, limit int64) (int64, error) {
	size, err := io.Copy(s.file, io.LimitReader(src, limit+1))
	if err != nil {
		return size, err
	}
	_, err = s.file.Seek(0, io.SeekStart)
	return size, err
}

// close may be called on a spool that was never made, and more than once.
func (s *spool) close() {
	if s == nil || s.file == nil {
		return
	}
	s.file.Close()
	if s.leftover != "" {
		os.Remove(s.leftover)
	}
	s.file = nil
}
