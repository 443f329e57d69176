package format

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"ductworks/internal/frame"
)

// A hook is a reader over a file, as the caller's is.
type hook struct {
	io.Reader
	file *os.File
}

func (h hook) File() *os.File { return h.file }

func hooked(f *os.File) hook { return hook{f, f} }

// testFile gives an open file of the test's own folder.
func testFile(t *testing.T, content string) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestWholeFromReader(t *testing.T) {
	for _, size := range []int{0, 1, streamAbove - 1, streamAbove, streamAbove + 1, 3 << 20} {
		input := strings.Repeat("0123456789", size/10+1)[:size]
		for name, src := range splits(input) {
			if name == "bytes" && size > 1 {
				continue
			}
			t.Setenv("TMPDIR", t.TempDir())
			got, err := decodeAll(t, wholeFormat, src(), defaults)
			if err != nil || !slices.Equal(got, []string{input}) {
				t.Errorf("%d bytes, %s: %d payloads, %v", size, name, len(got), err)
			}
			if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
				t.Errorf("%d bytes, %s: %v stays behind", size, name, left)
			}
		}
	}
}

func TestWholeSpoolIsAFile(t *testing.T) {
	d := wholeFormat.NewDecoder(io.LimitReader(&endless{pattern: "a"}, 2<<20), defaults)
	p, err := d.Next()
	if err != nil {
		t.Fatal(err)
	}
	f, ok := p.Rest.R.(*os.File)
	if !ok || p.Size() != 2<<20 {
		t.Fatalf("%T of %d bytes", p.Rest.R, p.Size())
	}
	if _, err := d.Next(); err != io.EOF {
		t.Error(err)
	}
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the spool was not closed: %v", err)
	}
}

func TestWholeFromRegularFile(t *testing.T) {
	f := testFile(t, "headbody")
	f.Seek(4, io.SeekStart)
	p, err := wholeFormat.NewDecoder(hooked(f), defaults).Next()
	if err != nil || len(p.Bytes) > 0 || p.Size() != 4 {
		t.Fatalf("%q and more, %v", p.Bytes, err)
	}
	if _, ok := p.Rest.R.(hook); !ok {
		t.Errorf("Rest reads from %T", p.Rest.R)
	}
	if got := whole(t, p); got != "body" {
		t.Errorf("got %q", got)
	}
}

func TestWholeOverLimit(t *testing.T) {
	o := Options{Limit: 2 << 20}
	f := testFile(t, strings.Repeat("a", 2<<20+1))
	_, err := wholeFormat.NewDecoder(hooked(f), o).Next()
	wantError(t, err, "larger than the limit of 2 MiB")
	if at, _ := f.Seek(0, io.SeekCurrent); at != 0 {
		t.Errorf("%d bytes were read", at)
	}
	_, err = wholeFormat.NewDecoder(struct{ io.Reader }{f}, o).Next()
	wantError(t, err, "larger than the limit of 2 MiB")
}

func TestWholeFromEmptyFile(t *testing.T) {
	for _, content := range []string{"", "a"} {
		f := testFile(t, content)
		f.Seek(1, io.SeekStart)
		got, err := decodeAll(t, wholeFormat, hooked(f), defaults)
		if err != nil || !slices.Equal(got, []string{""}) {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestFrameErrors(t *testing.T) {
	tests := []struct{ input, err string }{
		{"T\x00\x00\x00\x00T\x00\x00", "frame 2: the input ends after 3 of the 5 bytes of its header"},
		{"T\x00\x00\x00\x00T\x00\x00\x00\x02h", "frame 2: the input ends after 1 of the 2 bytes of its payload"},
		{"T\x00\x00\x00\x00{}", "frame 2: not a frame: byte 5 of the stream is 0x7b"},
		{"T\x00\x00\x00\x00T\xff\xff\xff\xff", "frame 2: larger than the limit of 64 MiB"},
	}
	for _, tt := range tests {
		for _, src := range splits(tt.input) {
			got, err := decodeAll(t, frameFormat, src(), defaults)
			wantError(t, err, tt.err)
			if !slices.Equal(got, []string{""}) {
				t.Errorf("got %q", got)
			}
		}
	}
}

func TestFrameStreams(t *testing.T) {
	payload := strings.Repeat("a", streamAbove+1)
	record, err := encode(frameFormat.NewEncoder(defaults), payload)
	if err != nil {
		t.Fatal(err)
	}
	p, err := frameFormat.NewDecoder(iotest.HalfReader(strings.NewReader(record)), defaults).Next()
	if err != nil || p.Rest == nil {
		t.Fatalf("%d bytes, %v", len(p.Bytes), err)
	}
	if s, ok := p.Rest.R.(interface{ Source() io.Reader }); !ok || s.Source() == nil {
		t.Errorf("%T gives no source", p.Rest.R)
	}
	if whole(t, p) != payload {
		t.Error("the payload came out changed")
	}

	p, err = frameFormat.NewDecoder(strings.NewReader(record[:len(record)-1]), defaults).Next()
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(p.Rest)
	wantError(t, err, "frame 1: the input ends after 1048576 of the 1048577 bytes of its payload")
}

func TestStreamEncoders(t *testing.T) {
	for name, prefix := range map[string]string{"frame": "T\x00\x00\x00\x06", "whole": ""} {
		e := find(t, name).NewEncoder(defaults).(Streamer)
		if got := e.AppendPrefix([]byte("x"), 6); string(got) != "x"+prefix {
			t.Errorf("%s: prefix %q", name, got)
		}
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		// As the caller's hook does, the source flushes before it is read.
		rest := &chunkReader{chunks: []string{"yl", "oa", "d!"}, before: func() { w.Flush() }}
		p := frame.Payload{Bytes: []byte("pa"), Rest: &io.LimitedReader{R: rest, N: 4}}
		if err := e.Encode(w, p); err != nil {
			t.Error(err)
		}
		w.Flush()
		if out.String() != prefix+"payloa" {
			t.Errorf("%s: %q", name, out.String())
		}

		p = frame.Payload{Rest: &io.LimitedReader{R: strings.NewReader("short"), N: 6}}
		if err := e.Encode(w, p); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v for a payload that ends early", name, err)
		}
	}
}
