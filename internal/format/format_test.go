package format

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"ductworks/internal/frame"
)

func TestFind(t *testing.T) {
	for _, name := range Names() {
		if f := find(t, name); f.Name != name || f.Summary == "" {
			t.Errorf("Find(%q) = %q, %q", name, f.Name, f.Summary)
		}
	}
	_, err := Find("xml")
	wantError(t, err, `"xml": one of json, text, raw, base64, hex, frame, whole`)
}

func TestStreamersAreThoseThatStream(t *testing.T) {
	for _, f := range Formats() {
		if _, ok := f.NewEncoder(defaults).(Streamer); ok != f.Streams {
			t.Errorf("%s: Streamer is %v, Streams is %v", f.Name, ok, f.Streams)
		}
	}
}

// streams are inputs of each format, with the offsets at which their records
// are complete.
var streams = []struct {
	format   string
	options  Options
	input    string
	payloads []string
	complete []int
}{
	{"json", defaults, "{\"a\":1}\n 12 [\n3]\"x\"true\n", []string{`{"a":1}`, "12", "[\n3]", `"x"`, "true"}, []int{7, 12, 16, 19, 24}},
	{"json", defaults, "{}{}[1]", []string{"{}", "{}", "[1]"}, []int{2, 4, 7}},
	{"text", defaults, "a\n\n\"b\\\x01é\n", []string{`"a"`, `""`, `"\"b\\\u0001é"`}, []int{2, 3, 10}},
	{"text", Options{Limit: testLimit, Delimiter: []byte("aab")}, "xaaabyaab", []string{`"xa"`, `"y"`}, []int{5, 9}},
	{"raw", defaults, "a\r\n\n\xff\x00\n", []string{"a\r", "", "\xff\x00"}, []int{3, 4, 7}},
	{"raw", nul, "a\n\x00b\x00", []string{"a\n", "b"}, []int{3, 5}},
	{"raw", Options{Limit: testLimit, Delimiter: []byte("aa")}, "xaaaaayaa", []string{"x", "", "ay"}, []int{3, 5, 9}},
	{"base64", defaults, "aGk=\n\nYWJj\n", []string{"hi", "", "abc"}, []int{5, 6, 11}},
	{"hex", defaults, "6869\n\nfF\n", []string{"hi", "", "\xff"}, []int{5, 6, 9}},
	{"frame", defaults, "T\x00\x00\x00\x02hiT\x00\x00\x00\x00", []string{"hi", ""}, []int{7, 12}},
}

func TestEverySplit(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.format, func(t *testing.T) {
			f := find(t, tt.format)
			check := func(name string, src io.Reader) {
				t.Helper()
				got, err := decodeAll(t, f, src, tt.options)
				if err != nil || !slices.Equal(got, tt.payloads) {
					t.Errorf("%q %s: %q, %v", tt.input, name, got, err)
				}
			}
			for name, src := range splits(tt.input) {
				check(name, src())
			}
			for at := range len(tt.input) {
				check(tt.input[:at], splitAt(tt.input, at))
			}
		})
	}
}

// The caller flushes what it made of the payloads in a hook on Read.
func TestSourceIsReadOnlyWhenAllIsGiven(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.format, func(t *testing.T) {
			for at := range len(tt.input) {
				given, delivered := 0, 0
				src := &chunkReader{chunks: []string{tt.input[:at], tt.input[at:]}}
				src.before = func() {
					due, _ := slices.BinarySearch(tt.complete, delivered+1)
					if given < due {
						t.Errorf("split at %d: read after %d of %d payloads", at, given, due)
					}
					if delivered == 0 && at > 0 {
						delivered = at
					} else {
						delivered = len(tt.input)
					}
				}
				d := find(t, tt.format).NewDecoder(src, tt.options)
				for _, err := d.Next(); err == nil; _, err = d.Next() {
					given++
				}
			}
		})
	}
}

func TestReadErrorComesAfterWhatWasRead(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range streams {
		src := io.MultiReader(strings.NewReader(tt.input), iotest.ErrReader(broken))
		got, err := decodeAll(t, find(t, tt.format), src, tt.options)
		if err != broken || !slices.Equal(got, tt.payloads) {
			t.Errorf("%s: %q, %v", tt.format, got, err)
		}
	}
	for _, name := range []string{"json", "text", "raw", "whole"} {
		src := io.MultiReader(strings.NewReader(`["half`), iotest.ErrReader(broken))
		if got, err := decodeAll(t, find(t, name), src, defaults); err != broken || len(got) > 0 {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestNoProgress(t *testing.T) {
	for _, f := range Formats() {
		if f.Name == "whole" {
			continue // waits in bytes.Buffer, which asks for ever
		}
		if _, err := decodeAll(t, f, emptyReader{}, defaults); err != io.ErrNoProgress {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

func TestLimit(t *testing.T) {
	const limit = 12
	tests := []struct{ format, fits, over string }{
		{"json", ` "1234567890" `, ` "12345678901" `},
		{"json", "123456789012", "1234567890123"},
		{"json", "[         1]", "[          1]"},
		{"text", "1234567890", "12345678901"},
		{"text", "12345678\n", "12345678\t\t"},
		{"raw", "123456789012", "1234567890123"},
		{"base64", "MTIzNDU2Nzg5MDEy", "MTIzNDU2Nzg5MDEyMw=="},
		{"hex", "313233343536373839303132", "31323334353637383930313233"},
		{"frame", "T\x00\x00\x00\x0c123456789012", "T\x00\x00\x00\x0d1234567890123"},
		{"whole", "123456789012", "1234567890123"},
	}
	o := Options{Limit: limit}
	for _, tt := range tests {
		f := find(t, tt.format)
		for name, src := range splits(tt.fits) {
			if got, err := decodeAll(t, f, src(), o); err != nil || len(got) != 1 {
				t.Errorf("%s: %q %s: %q, %v", tt.format, tt.fits, name, got, err)
			}
		}
		for name, src := range splits(tt.over) {
			got, err := decodeAll(t, f, src(), o)
			wantError(t, err, "larger than the limit of 12 bytes (raise it with --max-message-size)")
			if len(got) > 0 {
				t.Errorf("%s: %q %s: %q", tt.format, tt.over, name, got)
			}
		}
		_, err := f.Message(strings.TrimSuffix(tt.fits, "\n"), o)
		wantError(t, err, "")
		_, err = f.Message(tt.over, o)
		wantError(t, err, "larger than the limit of 12 bytes")
	}
}

func TestEndlessRecord(t *testing.T) {
	const limit = 1 << 20
	patterns := map[string]string{"json": "1", "text": "é", "raw": "a", "base64": "YWJj", "hex": "00", "whole": "a"}
	for name, pattern := range patterns {
		src := &endless{pattern: pattern}
		_, err := decodeAll(t, find(t, name), src, Options{Limit: limit})
		wantError(t, err, "larger than the limit of 1 MiB")
		if over := src.taken - 2*limit; over > bufferSize+10 {
			t.Errorf("%s: took %d bytes", name, src.taken)
		}
	}
}

func TestMessage(t *testing.T) {
	tests := []struct{ format, text, want, err string }{
		{"json", " {\"a\":\n1} ", "{\"a\":\n1}", ""},
		{"json", `"\ud800"`, `"\ud800"`, ""},
		{"json", "", "", "empty"},
		{"json", " \n", "", "empty"},
		{"json", "{}{}", "", "something follows the document at byte 3"},
		{"json", "hello", "", "use -f text"},
		{"json", "\"\xff\"", "", "invalid UTF-8 at byte 2"},
		{"text", "two\nlines", `"two\nlines"`, ""},
		{"text", "", `""`, ""},
		{"text", "\xff", "", "invalid UTF-8 at byte 1"},
		{"raw", "two\nlines", "two\nlines", ""},
		{"base64", "aGk=", "hi", ""},
		{"base64", "aG\nk=", "", `'\n' at byte 3`},
		{"hex", "6869", "hi", ""},
		{"hex", "68\n69", "", "not hex"},
		{"frame", "T\x00\x00\x00\x02hi", "hi", ""},
		{"frame", "T\x00\x00\x00\x02hi!", "", "1 bytes follow the frame"},
		{"frame", "T\x00\x00\x00\x02h", "", "after 1 of the 2 bytes of its payload"},
		{"frame", "", "", "empty"},
		{"whole", "", "", ""},
	}
	for _, tt := range tests {
		got, err := find(t, tt.format).Message(tt.text, defaults)
		wantError(t, err, tt.err)
		if string(got) != tt.want {
			t.Errorf("%s: %q gives %q, want %q", tt.format, tt.text, got, tt.want)
		}
		if re := (*RecordError)(nil); err != nil && !errors.As(err, &re) {
			t.Errorf("%s: %T", tt.format, err)
		}
	}
}

func TestEncodeReportsWriteErrors(t *testing.T) {
	broken := errors.New("broken")
	for _, f := range Formats() {
		w := bufio.NewWriterSize(failingWriter{broken}, 16)
		e := f.NewEncoder(defaults)
		p := frame.Payload{Bytes: []byte(`"` + strings.Repeat("a", 100) + `"`)}
		if err := e.Encode(w, p); err != broken {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
