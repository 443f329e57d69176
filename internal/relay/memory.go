package relay

import (
	"bytes"
	"fmt"
	"io"

	"ductworks/internal/frame"
)

// Memory makes an end that sends the given payloads and keeps what it is sent,
// up to limit bytes in all. What it kept is asked for when Run has returned.
func Memory(send [][]byte, limit int64) (end *End, kept func() [][]byte) {
	sink := &memorySink{limit: limit}
	return &End{
		Name:    "the replies",
		Sink:    sink,
		Release: func() {},
		hangUp:  func() {},
		source:  func(io.Reader) Source { return &payloads{send} },
	}, func() [][]byte { return sink.kept }
}

// A memorySink keeps copies of payloads.
type memorySink struct {
	kept  [][]byte
	size  int64
	limit int64
}

func (s *memorySink) Put(p frame.Payload) error {
	if s.size += p.Size(); s.size > s.limit {
		return fmt.Errorf("more than %s", frame.FormatSize(s.limit))
	}
	payload, err := gather(p)
	s.kept = append(s.kept, payload)
	return err
}

func (s *memorySink) Flush() error { return nil }
func (s *memorySink) Close() error { return nil }

// gather copies a payload, the rest of it included, into memory of its own.
// That grows with what arrives.
func gather(p frame.Payload) ([]byte, error) {
	if p.Rest == nil {
		return bytes.Clone(p.Bytes), nil
	}
	var all bytes.Buffer
	all.Write(p.Bytes)
	if err := frame.Copy(&all, p.Rest, make([]byte, outputBuffer)); err != nil {
		return nil, err
	}
	return all.Bytes(), nil
}
