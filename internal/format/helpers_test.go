package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"ductworks/internal/frame"
)

const testLimit = 64 << 20

var (
	defaults = Options{Limit: testLimit}
	nul      = Options{Limit: testLimit, Delimiter: []byte{0}}
)

// find is Find for tests.
func find(t testing.TB, name string) Format {
	t.Helper()
	f, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// whole reads a payload to its end.
func whole(t testing.TB, p frame.Payload) string {
	t.Helper()
	if p.Rest == nil {
		return string(p.Bytes)
	}
	size := p.Size()
	rest, err := io.ReadAll(p.Rest)
	if err != nil {
		t.Fatal(err)
	}
	all := string(p.Bytes) + string(rest)
	if int64(len(all)) != size {
		t.Fatalf("payload of size %d has %d bytes", size, len(all))
	}
	return all
}

// A gatherer is a Decoder that knows which records it has already.
type gatherer interface {
	Decoder
	Gather(batch []frame.Payload) []frame.Payload
}

// decodeAll gives all payloads of src, and the error that ended them unless it
// was the end of the input.
func decodeAll(t testing.TB, f Format, src io.Reader, o Options) ([]string, error) {
	t.Helper()
	payloads := []string{}
	d := f.NewDecoder(src, o)
	for {
		p, err := d.Next()
		if err != nil {
			if _, again := d.Next(); again != err {
				t.Errorf("error is not final: %v, then %v", err, again)
			}
			if err == io.EOF {
				err = nil
			}
			return payloads, err
		}
		batch := append(make([]frame.Payload, 0, 4), p)
		if g, ok := d.(gatherer); ok && p.Rest == nil {
			batch = g.Gather(batch)
			batch = g.Gather(batch) // what it gave before stays valid
		}
		for _, p := range batch {
			payloads = append(payloads, whole(t, p))
		}
	}
}

// encode gives the record of a payload.
func encode(e Encoder, payload string) (string, error) {
	var out bytes.Buffer
	w := bufio.NewWriterSize(&out, 16)
	p := frame.Payload{Bytes: []byte(payload)}
	err := e.Encode(w, p)
	w.Flush()
	if e, ok := e.(BatchEncoder); ok {
		if fault := compareBatches(e, p, out.String(), err); fault != nil {
			return "", fault
		}
	}
	return out.String(), err
}

// compareBatches holds what AppendRecords makes of p against what Encode does.
func compareBatches(e BatchEncoder, p frame.Payload, record string, err error) error {
	const before, count = "before", 3
	batch := slices.Repeat([]frame.Payload{p}, count)
	for fits := range count + 1 {
		for _, spare := range []int{0, max(0, len(record)-1)} {
			room := make([]byte, len(before), len(before)+fits*len(record)+spare)
			copy(room, before)
			got, n := e.AppendRecords(room, batch)
			switch {
			case &got[0] != &room[0]:
				return errors.New("AppendRecords has left its memory")
			case n > fits && record != "", n > 0 && err != nil, string(got) != before+strings.Repeat(record, n):
				return fmt.Errorf("AppendRecords makes %q of %d payloads, of which each is %q, %v", got, n, record, err)
			}
		}
	}
	return nil
}

// splits gives readers that deliver input in every way of interest.
func splits(input string) map[string]func() io.Reader {
	return map[string]func() io.Reader{
		"whole":     func() io.Reader { return strings.NewReader(input) },
		"bytes":     func() io.Reader { return iotest.OneByteReader(strings.NewReader(input)) },
		"halves":    func() io.Reader { return iotest.HalfReader(strings.NewReader(input)) },
		"early EOF": func() io.Reader { return iotest.DataErrReader(strings.NewReader(input)) },
	}
}

// splitAt delivers input in two reads.
func splitAt(input string, at int) io.Reader {
	return &chunkReader{chunks: []string{input[:at], input[at:]}}
}

// A chunkReader gives one chunk a read, and tells before each.
type chunkReader struct {
	chunks []string
	before func()
}

func (r *chunkReader) Read(p []byte) (int, error) {
	if r.before != nil {
		r.before()
	}
	for len(r.chunks) > 0 && r.chunks[0] == "" {
		r.chunks = r.chunks[1:]
	}
	if len(r.chunks) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.chunks[0])
	r.chunks[0] = r.chunks[0][n:]
	return n, nil
}

// An endless reader repeats its pattern and counts what was taken.
type endless struct {
	pattern string
	taken   int64
}

func (r *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.pattern[(r.taken+int64(i))%int64(len(r.pattern))]
	}
	r.taken += int64(len(p))
	return len(p), nil
}

// where gives the place that a RecordError names.
func where(err error) string {
	var re *RecordError
	if errors.As(err, &re) {
		return re.Where
	}
	return ""
}

// wantError checks that err is nil where want is "", and else holds want.
func wantError(t testing.TB, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("error %v, want none", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("error %v, want one with %q", err, want)
	}
}
