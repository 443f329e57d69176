package format

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"ductworks/internal/frame"
)

// A splitter cuts its input into records at a delimiter, the leftmost one
// first. The last record counts without its delimiter.
type splitter struct {
	in      buffer
	delim   []byte
	limit   int64 // of a record, its delimiter apart
	scanned int   // in so many of the bytes held no delimiter begins
	number  int64 // of the record asked for last, from 1
}

// next gives the next record, which lies in the buffer until the next call. At
// the end of the input it returns io.EOF, for a record over the limit errTooLarge.
func (s *splitter) next() ([]byte, error) {
	s.number++
	for {
		if record, ok := s.cut(); ok {
			return record, nil
		}
		if int64(len(s.in.bytes())) >= s.longest() {
			return nil, errTooLarge
		}
		if err := s.in.more(int(min(s.longest(), math.MaxInt))); err != nil {
			return s.last(err)
		}
	}
}

// gather appends to batch, within its capacity, the records that lie in the
// buffer with their delimiters.
func (s *splitter) gather(batch []frame.Payload) []frame.Payload {
	held := s.in.bytes()
	used, largest, already := 0, 0, len(batch)
	s.scanned = 0
	for len(batch) < cap(batch) {
		size := index(held[used:], s.delim)
		if size < 0 {
			s.scanned = max(0, len(held)-used-len(s.delim)+1)
			break
		}
		if int64(size) > s.limit {
			break
		}
		batch = append(batch, frame.Payload{Bytes: held[used : used+size]})
		size += len(s.delim)
		used += size
		largest = max(largest, size)
	}
	s.giveMany(len(batch)-already, used, largest)
	return batch
}

// around gives what is held and the byte before it, which has been used.
// Before the first record there is none, and it gives nothing.
func (s *splitter) around() []byte {
	if s.in.start == 0 {
		return nil
	}
	return s.in.mem[s.in.start-1 : s.in.end]
}

// giveMany takes records off the buffer that have n bytes in all with their
// delimiters, the largest so many.
func (s *splitter) giveMany(records, n, largest int) {
	s.number += int64(records)
	s.in.skipEach(n, largest)
}

// cut takes a record off the buffer that is there to its end and within the limit.
func (s *splitter) cut() ([]byte, bool) {
	held := s.in.bytes()
	i := index(held[s.scanned:], s.delim)
	if i < 0 {
		s.scanned = max(s.scanned, len(held)-len(s.delim)+1)
		return nil, false
	}
	end := s.scanned + i
	if int64(end) > s.limit {
		return nil, false
	}
	s.give(end + len(s.delim))
	return held[:end], true
}

// index is bytes.Index, at its fastest for a single byte.
func index(b, delim []byte) int {
	if len(delim) == 1 {
		return bytes.IndexByte(b, delim[0])
	}
	return bytes.Index(b, delim)
}

// longest is the size of the longest record with its delimiter.
func (s *splitter) longest() int64 { return s.limit + int64(len(s.delim)) }

// give takes n bytes, a record and its delimiter, off the buffer.
func (s *splitter) give(n int) {
	s.in.skip(n)
	s.scanned = 0
}

// last gives what stands behind the last delimiter once the input failed with err.
func (s *splitter) last(err error) ([]byte, error) {
	held := s.in.bytes()
	switch {
	case err != io.EOF || len(held) == 0:
		return nil, err
	case int64(len(held)) > s.limit:
		return nil, errTooLarge
	}
	s.give(len(held))
	return held, nil
}

// where names the record asked for last.
func (s *splitter) where() string {
	if string(s.delim) == "\n" {
		return fmt.Sprintf("line %d", s.number)
	}
	return fmt.Sprintf("record %d", s.number)
}
