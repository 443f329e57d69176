package format

import (
	"bytes"
	"fmt"
	"io"
	"math"
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
		held := s.in.bytes()
		i := -1
		if len(s.delim) == 1 {
			i = bytes.IndexByte(held[s.scanned:], s.delim[0])
		} else {
			i = bytes.Index(held[s.scanned:], s.delim)
		}
		if i >= 0 {
			return s.give(held[:s.scanned+i], len(s.delim))
		}
		s.scanned = max(s.scanned, len(held)-len(s.delim)+1)
		if int64(len(held)) >= s.longest() {
			return nil, errTooLarge
		}
		if err := s.in.more(int(min(s.longest(), math.MaxInt))); err != nil {
			return s.last(err)
		}
	}
}

// longest is the size of the longest record with its delimiter.
func (s *splitter) longest() int64 { return s.limit + int64(len(s.delim)) }

// give gives a record, which stands before skip bytes of delimiter.
func (s *splitter) give(record []byte, skip int) ([]byte, error) {
	if int64(len(record)) > s.limit {
		return nil, errTooLarge
	}
	s.in.skip(len(record) + skip)
	s.scanned = 0
	return record, nil
}

// last gives what stands behind the last delimiter once the input failed with err.
func (s *splitter) last(err error) ([]byte, error) {
	held := s.in.bytes()
	if err != io.EOF || len(held) == 0 {
		return nil, err
	}
	return s.give(held, 0)
}

// where names the record asked for last.
func (s *splitter) where() string {
	if string(s.delim) == "\n" {
		return fmt.Sprintf("line %d", s.number)
	}
	return fmt.Sprintf("record %d", s.number)
}
