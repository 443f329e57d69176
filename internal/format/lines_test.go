package format

import (
	"io"
	"slices"
	"strings"
	"testing"

	"ductworks/internal/frame"
)

func TestLines(t *testing.T) {
	tests := []struct {
		name, format, delim, input string
		want                       []string
		err                        string
	}{
		{"nothing", "raw", "", "", nil, ""},
		{"no last newline", "raw", "", "a\nb", []string{"a", "b"}, ""},
		{"blank lines", "raw", "", "\n\n", []string{"", ""}, ""},
		{"CR, NUL, DEL and BOM are data", "raw", "", "\ufeffa\r\n\x00\x7f\n", []string{"\ufeffa\r", "\x00\x7f"}, ""},
		{"half a delimiter", "raw", "ab", "xab" + "ya", []string{"x", "ya"}, ""},
		{"leftmost delimiter", "raw", "aba", "xababa", []string{"x", "ba"}, ""},
		{"escapes", "text", "", "\x00\b\t\f\r\x1f\x7f\"\\/<é\u2028", []string{`"\u0000\b\t\f\r\u001f` + "\x7f" + `\"\\/<é` + "\u2028" + `"`}, ""},
		{"line break inside", "text", "\x00", "a\nb\x00", []string{`"a\nb"`}, ""},
		{"BOM", "text", "", "\ufeffa\n", []string{"\"\ufeffa\""}, ""},
		{"not UTF-8", "text", "", "a\nb\n\xe9\n", []string{`"a"`, `"b"`}, "line 3: invalid UTF-8 at byte 1 (use -f raw or -f base64)"},
		{"not UTF-8, far in", "text", "", "0123456789\xff", nil, "line 1: invalid UTF-8 at byte 11"},
		{"surrogate", "text", "", "\xed\xa0\x80", nil, "invalid UTF-8"},
		{"record number", "text", ";", "a;\xff", []string{`"a"`}, "record 2: invalid UTF-8"},
		{"bad padding", "base64", "", "aGk=\naGk\n", []string{"hi"}, "line 2: not base64"},
		{"trailing bits", "base64", "", "aGl=\n", nil, "line 1: not base64"},
		{"CR LF", "base64", "", "aGk=\r\n", nil, `line 1: not base64: '\r' at byte 5`},
		{"URL alphabet", "base64", "", "_-__\n", nil, "wrong character or padding at byte 1"},
		{"half a byte", "hex", "", "686\n", nil, "line 1: not hex: odd length"},
		{"no digit", "hex", "", "6g\n", nil, "line 1: not hex: invalid byte: U+0067 'g'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Limit: testLimit, Delimiter: []byte(tt.delim)}
			got, err := decodeAll(t, find(t, tt.format), strings.NewReader(tt.input), o)
			wantError(t, err, tt.err)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLineShow(t *testing.T) {
	tests := []struct{ name, format, delim, payload, want, err string }{
		{"text of a string", "text", "", `"a"`, "a\n", ""},
		{"outer white space", "text", "", " \"a\"\n", "a\n", ""},
		{"empty string", "text", "", `""`, "\n", ""},
		{"escapes", "text", "", `"\u00e9\ud83d\ude00\t\/"`, "é😀\t/\n", ""},
		{"document", "text", "", "{\"a\": [1, 2]}\n", `{"a":[1,2]}` + "\n", ""},
		{"number as it is", "text", "", " 1.0E+2 ", "1.0E+2\n", ""},
		{"string in a document", "text", "", `["\ud800\u00e9"]`, `["\ud800\u00e9"]` + "\n", ""},
		{"half a surrogate pair", "text", "", `"a\ud800"`, "", "use -f json"},
		{"line break", "text", "", `"a\nb"`, "", "use -0 or -f json"},
		{"line break and NUL", "text", "", `"a\nb\u0000"`, "", "(use -f json)"},
		{"line break with NUL", "text", "\x00", `"a\nb"`, "a\nb\x00", ""},
		{"delimiter in a document", "text", ",", "[1,2]", "", `the delimiter ","`},
		{"not JSON", "text", "", "hello", "", "use -f raw or -f base64"},
		{"not a string", "text", "", `"a`, "", "not finished"},
		{"quotation mark inside", "text", "", `"a"b"`, "", "not JSON"},
		{"lone quotation mark", "text", "", `"`, "", "not JSON"},
		{"nothing", "text", "", "", "", "empty"},
		{"not UTF-8", "text", "", "\"\xff\"", "", "invalid UTF-8"},
		{"bytes", "raw", "", "\x00\xff\r", "\x00\xff\r\n", ""},
		{"line break", "raw", "", "a\nb", "", "use -0 or -f base64"},
		{"overlap", "raw", "aa", "xa", "", "would be found inside"},
		{"no overlap", "raw", "ab", "xa", "xaab", ""},
		{"longer overlap", "raw", "aba", "xab", "", "would be found inside"},
		{"base64", "base64", "", "hi", "aGk=\n", ""},
		{"hex", "hex", "", "\xff\x0a", "ff0a\n", ""},
		{"large", "hex", "", strings.Repeat("\xab", 10000), strings.Repeat("ab", 10000) + "\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.format+" "+tt.name, func(t *testing.T) {
			o := Options{Limit: testLimit, Delimiter: []byte(tt.delim)}
			got, err := encode(find(t, tt.format).NewEncoder(o), tt.payload)
			wantError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestGatheredRecordsAreHeldToTheLimit, and counted.
func TestGatheredRecordsAreHeldToTheLimit(t *testing.T) {
	for name, src := range splits("ccccc\nbb\ntoo long\ne\n") {
		got, err := decodeAll(t, rawFormat, src(), Options{Limit: 5})
		if !slices.Equal(got, []string{"ccccc", "bb"}) {
			t.Errorf("%s: got %q", name, got)
		}
		wantError(t, err, "line 3: ")
	}
}

// TestBatches: what is simple is written many at a time, up to what is not.
func TestBatches(t *testing.T) {
	for _, tt := range []struct{ format, delim, payloads, want string }{
		{"raw", "", "a b c", "a\nb\nc\n"},
		{"raw", "", "a b\n c", "a\n"},
		{"raw", "ab", "x y a z", "xabyab"}, // the next one may hold the delimiter
		{"text", "", `"a" "" "c"`, "a\n\nc\n"},
		{"text", "", `"a" "\n" "c"`, "a\n"},
		{"text", "", `"a" {} "c"`, "a\n"},
		{"text", "", `"a" " "c"`, "a\n"},
		{"text", "c", `"a" "c"`, "ac"},
	} {
		var batch []frame.Payload
		for _, p := range strings.Split(tt.payloads, " ") {
			batch = append(batch, frame.Payload{Bytes: []byte(p)})
		}
		e := find(t, tt.format).NewEncoder(Options{Limit: testLimit, Delimiter: []byte(tt.delim)}).(BatchEncoder)
		if got, _ := e.AppendRecords(make([]byte, 0, 100), batch); string(got) != tt.want {
			t.Errorf("%s of %q: got %q, want %q", tt.format, tt.payloads, got, tt.want)
		}
	}
}

// The memory that one huge record took must not stay for ever, even where those
// behind it are taken many at once.
func TestBufferShrinks(t *testing.T) {
	for _, name := range []string{"text", "raw"} {
		input := strings.Repeat("a", 4<<20) + "\n" + strings.Repeat(strings.Repeat("b", 2000)+"\n", 4<<10)
		d := find(t, name).NewDecoder(strings.NewReader(input), defaults).(*lineDecoder)
		d.Next()
		if len(d.records.in.mem) < 4<<20 || name == "text" && cap(d.scratch) < 4<<20 {
			t.Fatal("the huge record did not need memory")
		}
		batch := make([]frame.Payload, 0, 128)
		for _, err := d.Next(); err != io.EOF; _, err = d.Next() {
			if err != nil {
				t.Fatal(err)
			}
			d.Gather(batch)
		}
		if got := len(d.records.in.mem) + cap(d.scratch); got > bufferSize+keepLarge {
			t.Errorf("%s: %d bytes are kept", name, got)
		}
	}
}

func TestQuotedSize(t *testing.T) {
	for _, text := range []string{"", "a", "\"\\\b\t\n\f\r", "\x00\x1f\x7f", "é"} {
		quoted, err := appendQuoted(nil, []byte(text))
		if err != nil || quotedSize([]byte(text)) != int64(len(quoted)) {
			t.Errorf("%q: %d for %s, %v", text, quotedSize([]byte(text)), quoted, err)
		}
	}
}

func TestPlain(t *testing.T) {
	for c := range 256 {
		for at := range 17 {
			text := []byte("abcdefgh ijklmnop")
			text[at] = byte(c)
			want := c >= ' ' && c != '"' && c != '\\' && c < 0x80
			if got := plain(text); got != want {
				t.Errorf("plain(%q) = %v", text, got)
			}
		}
	}
}
