package format

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"testing"

	"ductworks/internal/frame"
)

const (
	sampleDoc  = `{"id":12345,"name":"some name","tags":["a","b","c"],"nested":{"x":1.5,"y":null,"ok":true}}`
	sampleText = "2025-01-02T03:04:05Z host service[123]: a line as logs have them, of about a hundred bytes here"
)

type sample struct{ name, format, record, payload string }

// samples are a record for each decoder and a payload for each encoder.
var samples = []sample{
	{"json", "json", sampleDoc + "\n", sampleDoc},
	{"json-pretty", "json", strings.ReplaceAll(sampleDoc, ",", ",\n  ") + "\n", strings.ReplaceAll(sampleDoc, ",", ",\n  ")},
	{"json-1MiB", "json", `["` + strings.Repeat("a", 1<<20) + "\"]\n", `["` + strings.Repeat("a", 1<<20) + `"]`},
	{"text", "text", sampleText + "\n", `"` + sampleText + `"`},
	{"text-utf8", "text", strings.Repeat("é", 50) + "\n", `"` + strings.Repeat("é", 50) + `"`},
	{"text-escapes", "text", sampleDoc + "\n", `"` + strings.ReplaceAll(sampleDoc, `"`, `\"`) + `"`},
	{"text-document", "text", sampleText + "\n", sampleDoc},
	{"text-1MiB", "text", strings.Repeat("a", 1<<20) + "\n", `"` + strings.Repeat("a", 1<<20) + `"`},
	{"raw", "raw", sampleText + "\n", sampleText},
	{"base64", "base64", strings.Repeat("YWJj", 32) + "\n", strings.Repeat("abc", 32)},
	{"hex", "hex", strings.Repeat("6a", 64) + "\n", strings.Repeat("j", 64)},
	{"frame", "frame", "T\x00\x00\x00\x10" + "sixteen bytes ok", "sixteen bytes ok"},
}

// A loop gives the same records again and again.
type loop struct {
	records string
	at      int
}

func newLoop(record string) *loop {
	return &loop{records: strings.Repeat(record, 1+4*bufferSize/len(record))}
}

func (l *loop) Read(p []byte) (int, error) {
	if l.at == len(l.records) {
		l.at = 0
	}
	n := copy(p, l.records[l.at:])
	l.at += n
	return n, nil
}

func BenchmarkDecode(b *testing.B) {
	for _, s := range samples {
		b.Run(s.name, func(b *testing.B) {
			d := find(b, s.format).NewDecoder(newLoop(s.record), defaults)
			b.SetBytes(int64(len(s.record)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, s := range samples {
		b.Run(s.name, func(b *testing.B) {
			e := find(b, s.format).NewEncoder(defaults)
			w := bufio.NewWriterSize(io.Discard, bufferSize)
			p := frame.Payload{Bytes: []byte(s.payload)}
			b.SetBytes(int64(len(s.payload)))
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Encode(w, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestGathersMost small records of a buffer, which is what makes them cheap.
func TestGathersMost(t *testing.T) {
	for _, name := range []string{"json", "json-pretty", "text", "text-utf8", "text-escapes", "raw"} {
		s := samples[slices.IndexFunc(samples, func(s sample) bool { return s.name == name })]
		d := find(t, s.format).NewDecoder(newLoop(s.record), defaults).(gatherer)
		batch := make([]frame.Payload, 0, 256)
		if n := len(d.Gather(batch)); n != 0 {
			t.Errorf("%s: %d before the first", name, n)
		}
		gathered, rounds := 0, 0
		allocations := testing.AllocsPerRun(1000, func() {
			d.Next()
			gathered += len(d.Gather(batch))
			rounds++
		})
		if gathered < rounds*cap(batch)/2 || allocations > 0 {
			t.Errorf("%s: %d in %d batches, with %v allocations each", name, gathered, rounds, allocations)
		}
		if d, ok := d.(*textDecoder); ok && cap(d.spare) > spareSize {
			t.Errorf("%s: %d bytes are kept for escapes", name, cap(d.spare))
		}
	}
}

// poolUsers are compacted by jsontext with the help of a sync.Pool, which
// forgets now and then.
var poolUsers = map[string]bool{"json-pretty": true, "text-document": true}

func TestNoAllocations(t *testing.T) {
	for _, s := range samples {
		if len(s.record) > bufferSize || poolUsers[s.name] {
			continue
		}
		d := find(t, s.format).NewDecoder(newLoop(s.record), defaults)
		if n := testing.AllocsPerRun(10000, func() { d.Next() }); n > 0 {
			t.Errorf("%s: decoding allocates %v times a record", s.name, n)
		}
		e := find(t, s.format).NewEncoder(defaults)
		w := bufio.NewWriterSize(io.Discard, bufferSize)
		p := frame.Payload{Bytes: []byte(s.payload)}
		if n := testing.AllocsPerRun(10000, func() { e.Encode(w, p) }); n > 0 {
			t.Errorf("%s: encoding allocates %v times a record", s.name, n)
		}
	}
}
