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
		{"too deep", "1\n" + nested(10001), []string{"1"}, "line 2: not JSON: brackets nested more than 10000 deep"},

		{"plain words", "hello world\n", nil, " is no value (use -f text for lines of plain text)"},
		{"plain word like a literal", "none\n", nil, "use -f text"},
		{"plain word beginning with one", "1\nnullify", []string{"1"}, "line 2: not JSON: no white space behind null (put"},
		{"NaN", "1\nNaN", []string{"1"}, " is no value (JSON has neither"},
		{"infinity", "-Infinity", nil, "JSON has neither"},
		{"NaN inside", `[NaN]`, nil, "JSON has neither"},
		{"byte order mark", "\ufeff{}", nil, "line 1: not JSON: a byte order mark (remove it)"},
		{"trailing comma", "{}\n[1,\n2,\n]\n", []string{"{}"}, "line 4: not JSON: a comma before ']' (remove the comma)"},
		{"trailing comma in an object", `{"a":1,}`, nil, "a comma before '}'"},
		{"comma between documents", `{},{}`, []string{"{}"}, "not JSON: ',' where a document should begin"},
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
		{"control character", "\"a\nb\"", nil, "line 1: not JSON: a line break in a string (end the string before it, or write \\n)"},
		{"bad escape", `"\x"`, nil, `\x means nothing in a string (write \\ for a backslash)`},
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

// TestJSONFaultBeyondLimit: what is wrong with a document that is too large as
// well does not depend on how much of it is there at once.
func TestJSONFaultBeyondLimit(t *testing.T) {
	o := Options{Limit: 10}
	for input, want := range map[string]string{
		"{}\n\n \n[1234567890,\n\x00": "line 4: larger than the limit of 10 bytes",
		"[123456789\n\n,nil]":         "line 1: larger than the limit of 10 bytes",
		"[123456,nil]":                " is no value",
		"[12345678,nil]":              "line 1: larger than the limit of 10 bytes",
		"[12345678,]":                 "a comma before ']'",
		"\"\n34567890123":             "line 1: not JSON: a line break in a string",
	} {
		for name, src := range splits(input) {
			t.Run(input+" "+name, func(t *testing.T) {
				_, err := decodeAll(t, jsonFormat, src(), o)
				wantError(t, err, want)
			})
		}
	}
}

func TestJSONLineNumberFarIn(t *testing.T) {
	const lines = 200000
	input := strings.Repeat("{\"a\": [1, 2, 3]}\n", lines) + "]"
	got, err := decodeAll(t, jsonFormat, strings.NewReader(input), defaults)
	wantError(t, err, "line 200001: not JSON: ']' closes nothing")
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
		{"too deep", nested(10001), "", "nested more than 10000 deep"},
		{"too deep, with a line break", "\n" + nested(10001), "", "nested more than 10000 deep"},
		{"empty", "", "", "not JSON: empty (use -f raw or -f base64)"},
		{"white space", " \n", "", "not JSON: empty"},
		{"two documents", "{} {}", "", "something follows the document at byte 3"},
		{"two numbers", "01", "", "something follows the document at byte 2"},
		{"not UTF-8", "\"\xff\"", "", "not JSON: invalid UTF-8 at byte 2"},
		{"not UTF-8, with a line break", "\n\"\xff\"", "", "not JSON: invalid UTF-8 at byte 3"},
		{"byte order mark", "\ufeff1", "", "byte order mark"},
		{"unfinished", `{"a":`, "", "not finished"},
		{"NaN", "NaN", "", `"NaN" is no value`},
		{"what a terminal obeys", "\x1b]0;x\a", "", `"\x1b" is no value`},
		{"what misleads", "\u202ehello", "", `"\u202ehello" is no value`},
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

// TestJSONFaults: what stands where it cannot stand is said in our own words.
func TestJSONFaults(t *testing.T) {
	for text, want := range map[string]string{
		"hello world":                  `"hello" is no value (use -f text for lines of plain text)`,
		"it's":                         `"it's" is no value (use -f text for lines of plain text)`,
		"<a href='x'>":                 `"<a" is no value (use -f text for lines of plain text)`,
		"nul\n":                        `"nul" is no value (use -f text for lines of plain text)`,
		"True":                         `"True" is no value (JSON has true, false and null; use -f text for lines of plain text)`,
		"[None]":                       `"None" is no value (JSON has true, false and null)`,
		"[NaN]":                        `"NaN" is no value (JSON has neither NaN nor Infinity: use null or a string)`,
		"-Infinity":                    `"-Infinity" is no value (JSON has neither NaN nor Infinity: use null or a string)`,
		"[I]":                          `"I" is no value`,
		"[-x]":                         `"-x" is no number`,
		"[1.e5]":                       `"1.e5" is no number`,
		"[+1]":                         `"+1" is no value`,
		"[1x]":                         `"1x" is no number`,
		"[tru e]":                      `"tru" is no value`,
		"{'a':1}":                      `a single quotation mark (strings have double quotation marks in JSON)`,
		`{"a":'b'}`:                    `a single quotation mark (strings have double quotation marks in JSON)`,
		"{a:1}":                        `"a" where a name should stand (names have double quotation marks in JSON)`,
		"{1:1}":                        `"1" where a name should stand (names have double quotation marks in JSON)`,
		`{"a":1,,}`:                    `',' where a name should stand (names have double quotation marks in JSON)`,
		`{"a":1,}`:                     `a comma before '}' (remove the comma)`,
		"[1,]":                         `a comma before ']' (remove the comma)`,
		`{"a" 1}`:                      `no colon between a name and "1"`,
		`{"a","b"}`:                    `no colon between a name and ','`,
		`{"a":}`:                       `no value before '}'`,
		`{"a":,}`:                      `no value before ','`,
		"[,1]":                         `no value before ','`,
		"[1,,2]":                       `no value before ','`,
		`{"a":1 "b":2}`:                `no comma before '"'`,
		`{"a":"b" "c"}`:                `no comma before '"'`,
		"[1 2]":                        `no comma before "2"`,
		`["a" b]`:                      `no comma before "b"`,
		`["a":1]`:                      `no comma before ':'`,
		"[-]":                          `"-" is no number`,
		"[tru]":                        `"tru" is no value`,
		`[1"a"]`:                       `no comma before '"'`,
		"[1}":                          `'}' does not close '['`,
		`{"a":[{}],"b":1]`:             `']' does not close '{'`,
		"]":                            `']' closes nothing`,
		":":                            `':' where a document should begin (documents need nothing but white space between them)`,
		"\"a\nb\"":                     `a line break in a string (end the string before it, or write \n)`,
		"\"a\tb\"":                     `a tab in a string (write \t)`,
		"\"\x1b\"":                     `a control character in a string (write \u001b)`,
		`"\q"`:                         `\q means nothing in a string (write \\ for a backslash)`,
		`"\é"`:                         `\é means nothing in a string (write \\ for a backslash)`,
		`"\\\" \u12"`:                  `\u without four hexadecimal digits`,
		"\x1b[2J":                      `"\x1b" is no value (use -f text for lines of plain text)`,
		"\u202e":                       `"\u202e" is no value (use -f text for lines of plain text)`,
		nested(10001):                  `brackets nested more than 10000 deep`,
		"antidisestablishmentarianism": `"antidisestablishmentaria…" is no value (use -f text for lines of plain text)`,
		strings.Repeat("é", 20):        `"éééééééééééé…" is no value (use -f text for lines of plain text)`,
	} {
		reason, hint := notJSON([]byte(text))
		if got := withHint(reason, hint); got != "not JSON: "+want {
			t.Errorf("%.40q:\n got  %s\n want %s", text, got, "not JSON: "+want)
		}
	}
}
