package format

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

func TestJSONDecode(t *testing.T) {
	tests := []struct {
		name, input string
		want        []string
		err         string
	}{
		{"nothing", "", nil, ""},
		{"white space", " \n\t\r", nil, ""},
		{"number at the end", "1 -0.5e+3", []string{"1", "-0.5e+3"}, ""},
		{"nothing between", `{}{}[1]"a"1"b"true[]null`, []string{"{}", "{}", "[1]", `"a"`, "1", `"b"`, "true", "[]", "null"}, ""},
		{"duplicate keys", `{"a":1,"a":2}`, []string{`{"a":1,"a":2}`}, ""},
		{"half a surrogate pair", `"\ud800"`, []string{`"\ud800"`}, ""},
		{"spelling is kept", "{ \"b\" : 1.0E+2,\n\"a\":\"\\u0041\\/\" }", []string{"{ \"b\" : 1.0E+2,\n\"a\":\"\\u0041\\/\" }"}, ""},
		{"long integer", strings.Repeat("9", 5000), []string{strings.Repeat("9", 5000)}, ""},
		{"deep", nested(10000), []string{nested(10000)}, ""},
		{"too deep", "1\n" + nested(10001), []string{"1"}, "line 2: not JSON: exceeded max depth"},

		{"plain words", "hello world\n", nil, "line 1: not JSON: invalid character 'h' at start of value (use -f text for lines of plain text)"},
		{"plain word like a literal", "none\n", nil, "use -f text"},
		{"plain word beginning with one", "1\nnullify", []string{"1"}, "line 2: not JSON: no white space behind null (put"},
		{"NaN", "1\nNaN", []string{"1"}, "line 2: not JSON: invalid character 'N' at start of value (JSON has neither"},
		{"infinity", "-Infinity", nil, "JSON has neither"},
		{"NaN inside", `[NaN]`, nil, "JSON has neither"},
		{"byte order mark", "\ufeff{}", nil, "line 1: not JSON: a byte order mark (remove it)"},
		{"trailing comma", "{}\n[1,\n2,\n]\n", []string{"{}"}, "line 4: not JSON: a comma before ']' (remove the comma)"},
		{"trailing comma in an object", `{"a":1,}`, nil, "a comma before '}'"},
		{"comma between documents", `{},{}`, []string{"{}"}, "not JSON: invalid character ','"},
		{"comma between numbers", `1,2`, nil, "no white space behind a number"},
		{"single quotes", "{'a':1}", nil, "double quotation marks"},
		{"leading zero", "01", nil, "no white space behind a number"},
		{"two literals", "1 truefalse", []string{"1"}, "no white space behind true"},
		{"number and literal", "1true", nil, "no white space behind a number"},
		{"literal and number", "true1", nil, "no white space behind true"},
		{"time of day", "12:30", nil, "no white space behind a number"},
		{"unfinished", "{}\n{\"a\":\n\n1\n\n", []string{"{}"}, "line 4: not JSON: the document is not finished, begun on line 2"},
		{"unfinished number", "-", nil, "line 1: not JSON: the document is not finished"},
		{"unfinished literal", "tru", nil, "not finished"},
		{"not UTF-8", "{}\n[\n\"\xff\"]", []string{"{}"}, "line 3: not JSON: invalid UTF-8"},
		{"encoded surrogate", "\"\xed\xa0\x80\"", nil, "invalid UTF-8"},
		{"control character", "\"a\nb\"", nil, "line 1: not JSON: invalid character '\\n' in string"},
		{"bad escape", `"\x"`, nil, "invalid escape sequence"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, src := range splits(tt.input) {
				got, err := decodeAll(t, jsonFormat, src(), defaults)
				wantError(t, err, tt.err)
				if !slices.Equal(got, tt.want) {
					t.Errorf("%s: got %q, want %q", name, got, tt.want)
				}
			}
		})
	}
}

// Documents larger than the buffer, with small ones between, in reads of many sizes.
func TestJSONDecodeLarge(t *testing.T) {
	var want []string
	for i := range 40 {
		want = append(want, `{"a":"`+strings.Repeat("é", i*i*100)+`"}`, "[\n1]", "12", "true", `"x"`)
	}
	input := strings.Join(want, "\n")
	for _, size := range []int{1000, 4096, 65536, len(input)} {
		src := &chunkReader{}
		for chunk := range slices.Chunk([]byte(input), size) {
			src.chunks = append(src.chunks, string(chunk))
		}
		got, err := decodeAll(t, jsonFormat, src, defaults)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("reads of %d: %d documents, %v", size, len(got), err)
		}
	}
}

func TestJSONLineNumberFarIn(t *testing.T) {
	const lines = 200000
	input := strings.Repeat("{\"a\": [1, 2, 3]}\n", lines) + "]"
	got, err := decodeAll(t, jsonFormat, strings.NewReader(input), defaults)
	wantError(t, err, "line 200001: not JSON: invalid character ']'")
	if len(got) != lines {
		t.Errorf("%d documents", len(got))
	}
}

func TestJSONReachIsReleased(t *testing.T) {
	input := `["` + strings.Repeat("a", 4<<20) + `"] {} {}`
	d := newJSONDecoder(strings.NewReader(input), defaults).(*jsonDecoder)
	d.Next()
	reach := d.reach
	if _, err := d.Next(); err != nil || d.reach == reach {
		t.Errorf("the memory of a huge document is kept, %v", err)
	}
}

func TestJSONBlankInputTakesNoMemory(t *testing.T) {
	src := io.LimitReader(&endless{pattern: " \n"}, 8<<20)
	d := newJSONDecoder(src, defaults).(*jsonDecoder)
	if _, err := d.Next(); err != io.EOF || len(d.in.mem) != bufferSize {
		t.Errorf("%v with %d bytes of memory", err, len(d.in.mem))
	}
}

func TestJSONEncode(t *testing.T) {
	tests := []struct{ name, payload, want, err string }{
		{"as it is", `{ "a" : [1.0E+2, "\u0041\/"],"a":1 }`, `{ "a" : [1.0E+2, "\u0041\/"],"a":1 }` + "\n", ""},
		{"outer white space", "\t1 ", "\t1 \n", ""},
		{"line break", "{ \"a\" : [1.0E+2,\n\"\\ud800\\u0041\\/<\" ] }", "{\"a\":[1.0E+2,\"\\ud800\\u0041\\/<\"]}\n", ""},
		{"carriage return", "[\r1]", "[1]\n", ""},
		{"half a surrogate pair", `"\udfff"`, `"\udfff"` + "\n", ""},
		{"deep", nested(10000), nested(10000) + "\n", ""},
		{"too deep", nested(10001), "", "exceeded max depth"},
		{"too deep, with a line break", "\n" + nested(10001), "", "exceeded max depth"},
		{"empty", "", "", "not JSON: empty (use -f raw or -f base64)"},
		{"white space", " \n", "", "not JSON: empty"},
		{"two documents", "{} {}", "", "something follows the document at byte 3"},
		{"two numbers", "01", "", "something follows the document at byte 2"},
		{"not UTF-8", "\"\xff\"", "", "not JSON: invalid UTF-8 at byte 2"},
		{"not UTF-8, with a line break", "\n\"\xff\"", "", "not JSON: invalid UTF-8 at byte 3"},
		{"byte order mark", "\ufeff1", "", "byte order mark"},
		{"unfinished", `{"a":`, "", "not finished"},
		{"NaN", "NaN", "", "invalid character 'N'"},
		{"what a terminal obeys", "\x1b]0;x\a", "", `invalid character '\x1b'`},
		{"what misleads", "\u202ehello", "", `invalid character '\u202e'`},
		{"trailing comma", "[1,\n]", "", "a comma before"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := encode(jsonFormat.NewEncoder(defaults), tt.payload)
			wantError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
