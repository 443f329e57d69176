package format

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

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
		{"many ways", "text", "", "a\n\"\né\n\té\n\n0123456789abcdef\\\nb\n\xff\n", []string{`"a"`, `"\""`, `"é"`, `"\té"`, `""`, `"0123456789abcdef\\"`, `"b"`}, "line 8: "},
		{"many ways, odd delimiter", "text", "é", "aé\"éèéb\né\r\né", []string{`"a"`, `"\""`, `"è"`, `"b\n"`, `"\r\n"`}, ""},
		{"many ways, printed delimiter", "text", "bc", "abbcbc\"bcbabc\nbcébc", []string{`"ab"`, `""`, `"\""`, `"ba"`, `"\n"`, `"é"`}, ""},
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
	for _, tt := range []struct {
		format, input string
		limit         int64
		want          []string
		err           string
	}{
		{"raw", "ccccc\nbb\ntoo long\ne\n", 5, []string{"ccccc", "bb"}, "line 3: "},
		{"json", "[123]12345 \"a\"\n\n[1234]\n1", 5, []string{"[123]", "12345", `"a"`}, "line 3: "},
		{"json", "[]\n123 123456", 5, []string{"[]", "123"}, "line 2: "},
		{"json", "[]\n12\n34x", 5, []string{"[]", "12"}, "line 3: "},
		{"text", "ccc\nbb\nlong\ne\n", 5, []string{`"ccc"`, `"bb"`}, "line 3: "},
		{"text", "b\n\tc\n\t\t\ne\n", 5, []string{`"b"`, `"\tc"`}, "line 3: "},
		{"text", "\n\n", 1, []string{}, "line 1: "},
	} {
		for name, src := range splits(tt.input) {
			got, err := decodeAll(t, find(t, tt.format), src(), Options{Limit: tt.limit})
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s of %q, %s: got %q", tt.format, tt.input, name, got)
			}
			wantError(t, err, tt.err)
		}
	}
}

// TestBatches: what is simple is written many at a time, up to what is not.
func TestBatches(t *testing.T) {
	for _, tt := range []struct{ format, delim, payloads, want string }{
		{"json", "", `{"a":[1]} "b" 12`, "{\"a\":[1]}\n\"b\"\n12\n"},
		{"json", "", "1 [\n] 3", "1\n"},
		{"json", "", "1  3", "1\n"},
		{"json", "", "1 {}x 3", "1\n"},
		{"raw", "", "a b c", "a\nb\nc\n"},
		{"raw", "", "a b\n c", "a\n"},
		{"raw", "ab", "x y a z", "xabyab"}, // the next one may hold the delimiter
		{"text", "", `"a" "" "c"`, "a\n\nc\n"},
		{"text", "", `"a" "\n" "c"`, "a\n"},
		{"text", "", `"\"" "\\t" "\/"`, "\"\n\\t\n/\n"},
		{"text", "", `"a" "\u0041" "c"`, "a\n"},
		{"text", "n", `"a" "\n" "n"`, "an\nn"},
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
		gatherer := find(t, name).NewDecoder(strings.NewReader(input), defaults).(gatherer)
		d, isLines := gatherer.(*lineDecoder)
		if !isLines {
			d = gatherer.(*textDecoder).lineDecoder
		}
		gatherer.Next()
		if len(d.records.in.mem) < 4<<20 || name == "text" && cap(d.scratch) < 4<<20 {
			t.Fatal("the huge record did not need memory")
		}
		batch := make([]frame.Payload, 0, 128)
		for _, err := gatherer.Next(); err != io.EOF; _, err = gatherer.Next() {
			if err != nil {
				t.Fatal(err)
			}
			gatherer.Gather(batch)
		}
		if got := len(d.records.in.mem) + cap(d.scratch); got > bufferSize+keepLarge {
			t.Errorf("%s: %d bytes are kept", name, got)
		}
	}
}

func TestQuotedSize(t *testing.T) {
	for _, text := range []string{"", "a", "\"\\\b\t\n\f\r", "\x00\x1f\x7f", "é"} {
		quoted, ok := appendQuoted(nil, []byte(text))
		if !ok || quotedSize([]byte(text)) != int64(len(quoted)) {
			t.Errorf("%q: %d for %s", text, quotedSize([]byte(text)), quoted)
		}
	}
}

// longText takes each of the loops over words of text to the end of two rounds.
const longText = "abcdefgh ijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func TestPlain(t *testing.T) {
	for c := range 256 {
		for at := range len(longText) {
			text := []byte(longText)
			text[at] = byte(c)
			isPlain := c >= ' ' && c != '"' && c != '\\' && c < 0x80
			first := at
			if isPlain {
				first = len(text)
			}
			if got := plainASCII(text); got != first {
				t.Errorf("plainASCII(%q) = %d, want %d", text, got, first)
			}
			if got := plain(text); got != isPlain {
				t.Errorf("plain(%q) = %v", text, got)
			}
			if text := append([]byte("\u00e9"), text...); plain(text) != isPlain {
				t.Errorf("plain(%q) = %v", text, !isPlain)
			}
		}
	}
}

// TestQuotesAsJsontextDoes, and takes the quotes off again.
func TestQuotesAsJsontextDoes(t *testing.T) {
	for c := range 256 {
		for _, text := range []string{"%", "é%", "0123456789abcdef%", "\\%\"", "\xc3%"} {
			text := []byte(strings.ReplaceAll(text, "%", string([]byte{byte(c)})))
			want, err := jsontext.AppendQuote([]byte("before"), text)
			got, ok := appendQuoted([]byte("before"), text)
			if ok != (err == nil) || ok && string(got) != string(want) {
				t.Errorf("%q is quoted as %s, %v; want %s, %v", text, got, ok, want, err)
			}
			if !ok {
				continue
			}
			inner := got[len(`before"`) : len(got)-1]
			back, ok := appendUnquoted([]byte("before"), inner)
			if ok && string(back) != "before"+string(text) {
				t.Errorf("%s is unquoted as %q", inner, back)
			}
		}
	}
}

// TestUnquotesOnlyStrings: what jsontext would not take off the quotes of is left to it.
func TestUnquotesOnlyStrings(t *testing.T) {
	for c := range 256 {
		for _, quoted := range []string{"a%", "a%b", `a\%`, `a\%b`, "%"} {
			quoted := strings.ReplaceAll(quoted, "%", string([]byte{byte(c)}))
			want, err := jsontext.AppendUnquote(nil, `"`+quoted+`"`)
			if got, ok := appendUnquoted(nil, []byte(quoted)); ok && (err != nil || string(got) != string(want)) {
				t.Errorf("%q is unquoted as %q, want %q, %v", quoted, got, want, err)
			}
		}
	}
}
