package relay

import (
	"bufio"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// outputBuffer holds records until the relay is about to wait.
const outputBuffer = 256 << 10

// Input is a stream of records, or a fixed list of payloads in its stead.
type Input struct {
	Name string
	// Reader gives records in Format. Nil means that there are only Payloads.
	Reader   io.Reader
	Format   format.Format
	Payloads [][]byte
	// Close, if not nil, is called when no more will be read, so that whoever
	// still writes learns of it.
	Close func() error
}

func (in Input) hangUp() {
	if in.Close != nil {
		in.Close()
	}
}

// Output is where records are written to.
type Output struct {
	Name string
	// Writer takes records as Encoder makes them. Nil throws all of them away.
	Writer  io.Writer
	Encoder format.Encoder
	Format  format.Format
	// Close, if not nil, is called when there is nothing more to write.
	Close func() error
	// Forgiving goes on when the output's reader has gone: what it would
	// have been given is dropped and counted.
	Forgiving bool
	// Unread, if not nil, says, once the output's reader has ended, how many
	// bytes it has left unread.
	Unread func() int64
	// Report is told of each payload that could not be shown.
	Report func(error)
}

// Records makes a conversation's end of a stream of records each way.
func Records(in Input, out Output, o format.Options) *End {
	for _, stream := range []any{in.Reader, out.Writer} {
		if f, ok := stream.(*os.File); ok {
			widen(f)
		}
	}
	return &End{
		Name:    in.Name,
		output:  out.Name,
		Reader:  in.Reader,
		Sink:    newRecordSink(out),
		Release: func() {},
		hangUp:  in.hangUp,
		source: func(r io.Reader) Source {
			if in.Reader == nil {
				return &payloads{in.Payloads}
			}
			return in.Format.NewDecoder(r, o)
		},
	}
}

// payloads is a Source that is known from the start.
type payloads struct{ left [][]byte }

func (s *payloads) Next() (frame.Payload, error) {
	if len(s.left) == 0 {
		return frame.Payload{}, io.EOF
	}
	p := s.left[0]
	s.left = s.left[1:]
	return frame.Payload{Bytes: p}, nil
}

// A recordSink writes payloads as records.
type recordSink struct {
	out     Output
	w       *bufio.Writer
	batches format.BatchEncoder // nil where there is none, or the backlog wants every record
	backlog *backlog            // under w where Unread can be asked, else nil
	number  int64               // of the messages received
	held    int64               // of those which have not been flushed
	unfit   atomic.Int64        // of those which could not be shown
	dropped atomic.Int64        // of those which nobody was there to read
	broken  bool
}

func newRecordSink(out Output) Sink {
	if out.Writer == nil {
		return discard{}
	}
	s := &recordSink{out: out}
	if out.Unread != nil {
		s.backlog = &backlog{w: out.Writer}
		s.out.Writer = s.backlog
	} else {
		s.batches, _ = out.Encoder.(format.BatchEncoder)
	}
	s.w = bufio.NewWriterSize(s.out.Writer, outputBuffer)
	return s
}

// unread counts the messages that a process did not read before it ended.
func (s *recordSink) unread() int64 {
	n := s.dropped.Load()
	if s.backlog != nil {
		n += s.backlog.beyond(s.out.Unread())
	}
	return n
}

// Put writes one record.
func (s *recordSink) Put(p frame.Payload) error {
	s.number++
	// A record is kept from straddling the buffer's end: whatever happens
	// next, what has been written so far are whole records.
	if s.w.Buffered() > 0 && int64(s.w.Available()) < 2*p.Size()+16 {
		if err := s.Flush(); err != nil {
			return err
		}
	}
	if s.broken {
		s.dropped.Add(1)
		return discard{}.Put(p)
	}
	s.held++
	if err := s.encode(p); err != nil {
		return s.encodeFailed(p, err)
	}
	if s.backlog != nil {
		s.backlog.mark(s.w.Buffered())
	}
	return nil
}

// PutAll writes a record for each.
func (s *recordSink) PutAll(batch []frame.Payload) (n int, err error) {
	for n < len(batch) {
		if many := s.putMany(batch[n:]); many > 0 {
			n += many
			continue
		}
		if err := s.Put(batch[n]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// putMany writes the records that the buffer has room for and that need no
// look at each of them.
func (s *recordSink) putMany(batch []frame.Payload) int {
	if s.batches == nil || s.broken {
		return 0
	}
	records, n := s.batches.AppendRecords(s.w.AvailableBuffer(), batch)
	s.w.Write(records)
	s.number += int64(n)
	s.held += int64(n)
	return n
}

// encodeFailed deals with a record of which not all, or nothing, was written.
func (s *recordSink) encodeFailed(p frame.Payload, err error) error {
	var unfit *format.UnfitError
	if errors.As(err, &unfit) {
		s.held--
		s.unfit.Add(1)
		s.out.Report(&PayloadError{Number: s.number, Size: p.Size(), Format: s.out.Format.Name, Err: unfit})
		return nil
	}
	if s.backlog != nil {
		s.backlog.mark(s.w.Buffered())
	}
	if err := s.forgive(err); err != nil {
		return err
	}
	return discard{}.Put(p)
}

func (s *recordSink) encode(p frame.Payload) error {
	if p.Rest == nil {
		return s.out.Encoder.Encode(s.w, p)
	}
	if streamer, ok := s.out.Encoder.(format.Streamer); ok {
		return s.stream(streamer, p)
	}
	return s.out.Encoder.Encode(s.w, p)
}

// stream writes a record whose payload is still on its way.
func (s *recordSink) stream(e format.Streamer, p frame.Payload) error {
	s.w.Write(e.AppendPrefix(nil, p.Size()))
	s.w.Write(p.Bytes)
	if err := s.w.Flush(); err != nil { // those of the writes before, too
		return err
	}
	s.held = 1
	if s.out.Forgiving {
		// After a failure the rest is read on, so it must be known where it
		// stands; and closing the output must end the wait for it.
		return frame.Copy(s.out.Writer, p.Rest, make([]byte, outputBuffer))
	}
	return transfer(s.out.Writer, p.Rest)
}

func (s *recordSink) Flush() error {
	if s.broken || s.w.Buffered() == 0 { // as in the middle of a record that streams
		return nil
	}
	err := s.forgive(s.w.Flush())
	s.held = 0
	return err
}

// forgive decides what the failure of a write means.
func (s *recordSink) forgive(err error) error {
	if s.out.Forgiving && (errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed)) {
		s.broken = true
		if s.backlog == nil { // which knows what has not been taken
			s.dropped.Add(s.held)
		}
		return nil
	}
	return err
}

func (s *recordSink) Close() error {
	if s.out.Close == nil {
		return nil
	}
	return s.out.Close()
}

// discard is a Sink that reads and throws away.
type discard struct{}

func (discard) Put(p frame.Payload) error {
	if p.Rest == nil {
		return nil
	}
	return frame.Copy(io.Discard, p.Rest, make([]byte, 64<<10))
}
func (discard) PutAll(batch []frame.Payload) (n int, err error) { return len(batch), nil }
func (discard) Flush() error                                    { return nil }
func (discard) Close() error                                    { return nil }
