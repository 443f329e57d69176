package format

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"ductworks/internal/frame"
)

func TestEscape(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain é 😀\t\\x1b", "plain é 😀\t\\x1b"},
		{"\x1b[31m", `\x1b[31m`},
		{"a\nb\r\x00\x7f", `a\x0ab\x0d\x00\x7f`},
		{"\u0080\u009b", `\u0080\u009b`},
		{"\u202a\u202e\u2066\u2069\u200e\u200f\u061c", `\u202a\u202e\u2066\u2069\u200e\u200f\u061c`},
		{"\u2028\u2029", `\u2028\u2029`},
		{"\x9b\xff\xc3", `\x9b\xff\xc3`},
		{"\ufffd\u2027\u202f\u2065\u206a", "\ufffd\u2027\u202f\u2065\u206a"},
	}
	for _, tt := range tests {
		if got := Escape(tt.in); got != tt.want {
			t.Errorf("Escape(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	tests := []struct{ format, delim, payload, want string }{
		{"json", "", "\"\u202e\x7f\"", `"\u202e\x7f"` + "\n"},
		{"json", "", "{\n}", "{}\n"},
		{"json", "", "\x1bnot JSON\n", `\x1bnot JSON\x0a` + "\n"},
		{"text", "", `"\u001b[31m\t\u009b"`, `\x1b[31m` + "\t" + `\u009b` + "\n"},
		{"text", "", `"a\nb"`, `"a\nb"` + "\n"},
		{"text", "\x00", `"a\nb"`, `a\x0ab` + "\n"},
		{"raw", "", "\xff\r", `\xff\x0d` + "\n"},
		{"raw", "", "a\nb", `a\x0ab` + "\n"},
		{"raw", "ab", "x", "x\n"},
		{"base64", "", "hi", "aGk=\n"},
		{"hex", "", "hi", "6869\n"},
		{"frame", "", "hi\x1b", `T\x00\x00\x00\x03hi\x1b`},
		{"whole", "", "hi\n\x1b\n", "hi\n" + `\x1b` + "\n"},
		{"whole", "", "é\xc3", `é\xc3`},
	}
	for _, tt := range tests {
		o := Options{Limit: testLimit, Delimiter: []byte(tt.delim)}
		e := Printable(find(t, tt.format), o)
		for range 2 { // what is reused must not show
			got, err := encode(e, tt.payload)
			if err != nil || got != tt.want {
				t.Errorf("%s: %q shows as %q, %v, want %q", tt.format, tt.payload, got, err, tt.want)
			}
		}
	}
}

func TestPrintableLarge(t *testing.T) {
	payload := strings.Repeat("aé😀\x1b", 100000)
	got, err := encode(Printable(rawFormat, defaults), payload)
	if want := Escape(payload) + "\n"; err != nil || got != want {
		t.Errorf("%d bytes, want %d, %v", len(got), len(want), err)
	}
}

func TestPrintableStreams(t *testing.T) {
	e := Printable(wholeFormat, defaults)
	if _, ok := e.(Streamer); ok {
		t.Error("a payload could go past the Encoder")
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	payload := "é😀\x1b\xf0\x9f"
	rest := iotest.OneByteReader(strings.NewReader(payload[1:]))
	p := frame.Payload{Bytes: []byte(payload[:1]), Rest: &io.LimitedReader{R: rest, N: int64(len(payload) - 1)}}
	if err := e.Encode(w, p); err != nil {
		t.Error(err)
	}
	w.Flush()
	if out.String() != Escape(payload) {
		t.Errorf("got %q", out.String())
	}
}
