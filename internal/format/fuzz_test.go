package format

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// fuzzLimit is the largest payload in fuzz targets: small, so that it is met.
const fuzzLimit = 1000

// decodeSplit decodes input read at once, in two reads, and a byte at a time,
// by way of buffers in which it has room, ends and hardly begins. All has to give
// the same, which is given.
func decodeSplit(t *testing.T, f Format, input string, at uint, o Options) ([]string, error) {
	o.Limit, o.buffer = fuzzLimit, 4*fuzzLimit
	want, wantErr := decodeAll(t, f, strings.NewReader(input), o)
	o.buffer = 64
	got, err := decodeAll(t, f, splitAt(input, int(at%uint(len(input)+1))), o)
	if !slices.Equal(got, want) || (err == nil) != (wantErr == nil) || where(err) != where(wantErr) {
		t.Errorf("split at %d: %q, %v; want %q, %v", at, got, err, want, wantErr)
	}
	o.buffer = 5
	got, err = decodeAll(t, f, iotest.OneByteReader(strings.NewReader(input)), o)
	if !slices.Equal(got, want) || (err == nil) != (wantErr == nil) || where(err) != where(wantErr) {
		t.Errorf("byte by byte: %q, %v; want %q, %v", got, err, want, wantErr)
	}
	return want, wantErr
}

func FuzzDecodeJSON(f *testing.F) {
	for _, input := range []string{
		"", "{}{}[1]", "01", "truefalse", "1 true\n{\"a\":\n[1,2,\"\\ud800\"]}", "\ufeff{}", "[NaN]", "[1,]",
		"\"\xff\"", "\"é😀\\u00e9\"", "-0.5e+3 12", "hello", "{\"a\":1,\"a\":2}x", "\"\\ud83d\\ude00\"",
	} {
		f.Add(input, uint(len(input)/2))
	}
	f.Fuzz(func(t *testing.T, input string, at uint) {
		docs, err := decodeSplit(t, jsonFormat, input, at, Options{})
		for _, doc := range docs {
			if !json.Valid([]byte(doc)) || !utf8.ValidString(doc) || string(trimSpace([]byte(doc))) != doc {
				t.Errorf("%q is given as a document", doc)
			}
		}
		if err == nil && withoutSpace(input) != withoutSpace(strings.Join(docs, "")) {
			t.Errorf("%q does not make up the input", docs)
		}
		if one := json.Valid([]byte(input)) && utf8.ValidString(input) && len(input) <= fuzzLimit; one && len(docs) != 1 {
			t.Errorf("one document gives %q, %v", docs, err)
		}
		if _, err := jsonFormat.Message(input, defaults); (err == nil) != (json.Valid([]byte(input)) && utf8.ValidString(input)) {
			t.Errorf("as a message: %v", err)
		}
	})
}

func withoutSpace(s string) string {
	return strings.NewReplacer(" ", "", "\n", "", "\t", "", "\r", "").Replace(s)
}

func FuzzDecodeText(f *testing.F) {
	f.Add("a\n\"b\\\x00\n\n", "\n", uint(1))
	f.Add("a\xff", "", uint(1))
	f.Add("xaaabyaab", "aab", uint(3))
	f.Fuzz(func(t *testing.T, input, delim string, at uint) {
		o := Options{Delimiter: []byte(delim)}
		payloads, err := decodeSplit(t, textFormat, input, at, o)
		records := records(input, string(o.delimiter()))
		for i, p := range payloads {
			var text string
			if json.Unmarshal([]byte(p), &text) != nil || text != records[i] {
				t.Errorf("record %q gives %q", records[i], p)
			}
			if want, _ := json.Marshal(text); len(p) > len(want) && !strings.ContainsAny(text, "<>&\u2028\u2029") {
				t.Errorf("%q escapes more than it must", p)
			}
		}
		if err == nil && len(payloads) != len(records) {
			t.Errorf("%d payloads of %d records", len(payloads), len(records))
		}
	})
}

// records cuts input as a splitter has to.
func records(input, delim string) []string {
	all := strings.Split(input, delim)
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

func FuzzDecodeRaw(f *testing.F) {
	f.Add("a\r\n\n\xff", "\n", uint(1))
	f.Add("xaaaa", "aa", uint(3))
	f.Add("xababa", "aba", uint(3))
	f.Fuzz(func(t *testing.T, input, delim string, at uint) {
		o := Options{Delimiter: []byte(delim)}
		payloads, err := decodeSplit(t, rawFormat, input, at, o)
		want := records(input, string(o.delimiter()))
		if err != nil {
			want = want[:len(payloads)]
		}
		if !slices.Equal(payloads, want) {
			t.Errorf("got %q, want %q", payloads, want)
		}
	})
}

func FuzzDecodeBase64(f *testing.F) {
	f.Add("aGk=\n\nYWJj", uint(3))
	f.Add("aGk=\r\n", uint(3))
	f.Add("aGl=\n", uint(3))
	f.Fuzz(func(t *testing.T, input string, at uint) {
		payloads, _ := decodeSplit(t, base64Format, input, at, Options{})
		for i, p := range payloads {
			if line := records(input, "\n")[i]; base64.StdEncoding.EncodeToString([]byte(p)) != line {
				t.Errorf("%q gives %q", line, p)
			}
		}
	})
}

func FuzzDecodeHex(f *testing.F) {
	f.Add("6869\n\nfF", uint(3))
	f.Add("686\n", uint(3))
	f.Fuzz(func(t *testing.T, input string, at uint) {
		payloads, _ := decodeSplit(t, hexFormat, input, at, Options{})
		for i, p := range payloads {
			if line := records(input, "\n")[i]; hex.EncodeToString([]byte(p)) != strings.ToLower(line) {
				t.Errorf("%q gives %q", line, p)
			}
		}
	})
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add("T\x00\x00\x00\x02hiT\x00\x00\x00\x00", uint(6))
	f.Add("T\x00\x00\x00\x02h", uint(6))
	f.Add("T\xff\xff\xff\xff", uint(1))
	f.Add("{}", uint(1))
	f.Fuzz(func(t *testing.T, input string, at uint) {
		payloads, err := decodeSplit(t, frameFormat, input, at, Options{})
		e := frameFormat.NewEncoder(defaults)
		var again strings.Builder
		for _, p := range payloads {
			record, _ := encode(e, p)
			again.WriteString(record)
		}
		if !strings.HasPrefix(input, again.String()) || (err == nil) != (len(input) == again.Len()) {
			t.Errorf("%q, %v", payloads, err)
		}
	})
}

func FuzzDecodeWhole(f *testing.F) {
	f.Add("", uint(0))
	f.Add("abc", uint(1))
	f.Fuzz(func(t *testing.T, input string, at uint) {
		payloads, err := decodeSplit(t, wholeFormat, input, at, Options{})
		if len(input) > fuzzLimit && err == nil || len(input) <= fuzzLimit && !slices.Equal(payloads, []string{input}) {
			t.Errorf("%q, %v", payloads, err)
		}
	})
}

// FuzzRoundTrip shows a payload and another one in each format and reads both
// back.
func FuzzRoundTrip(f *testing.F) {
	f.Add(`{"a": "\ud800"}`, " [1,\n2]", "")
	f.Add(`"a\nb"`, `"\u0000é"`, "\x00")
	f.Add("xa", "\xff", "aa")
	f.Add("xab", `""`, "aba")
	f.Fuzz(func(t *testing.T, first, second, delim string) {
		o := Options{Limit: testLimit, Delimiter: []byte(delim), buffer: 64}
		for _, format := range Formats() {
			e := format.NewEncoder(o)
			var records string
			var want []string
			for _, payload := range []string{first, second} {
				record, err := encode(e, payload)
				if err != nil && record != "" {
					t.Errorf("%s: %q is written before %v", format.Name, record, err)
				}
				if err == nil {
					records += record
					want = append(want, payload)
				}
			}
			if format.Name == "whole" {
				want = []string{records}
			}
			got, err := decodeAll(t, format, strings.NewReader(records), o)
			if err != nil || !slices.EqualFunc(got, want, same[format.Name]) {
				t.Errorf("%s: %q comes back as %q, %v", format.Name, want, got, err)
			}
		}
	})
}

// same says for some formats when two payloads stand for the same.
var same = map[string]func(got, want string) bool{
	"json": func(got, want string) bool { return compacted(got) == compacted(want) },
	"text": func(got, want string) bool {
		var text, from string
		if json.Unmarshal([]byte(want), &from) != nil {
			from = compacted(want)
		}
		return json.Unmarshal([]byte(got), &text) == nil && text == from
	},
	"raw":    equal,
	"base64": equal,
	"hex":    equal,
	"frame":  equal,
	"whole":  equal,
}

func equal(got, want string) bool { return got == want }

func compacted(doc string) string {
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(doc)); err != nil {
		return err.Error()
	}
	return out.String()
}

// FuzzEncodeJSON checks documents against encoding/json, which is as strict but
// for UTF-8.
func FuzzEncodeJSON(f *testing.F) {
	for _, doc := range []string{"{}", "[1,\n2]", "01", "\"\xff\"", "\x1b", `"\ud800"`, "1 2"} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		want := json.Valid([]byte(doc)) && utf8.ValidString(doc)
		line, err := encode(jsonFormat.NewEncoder(defaults), doc)
		if (err == nil) != want {
			t.Errorf("%q: %v", doc, err)
		}
		if err == nil && (strings.Count(line, "\n") != 1 || compacted(line) != compacted(doc)) {
			t.Errorf("%q is written as %q", doc, line)
		}
	})
}

func FuzzEscape(f *testing.F) {
	f.Add("\x1b[31m\u202e\u009b\xff é")
	f.Add("\xc3")
	f.Fuzz(func(t *testing.T, s string) {
		escaped := Escape(s)
		if !utf8.ValidString(escaped) || strings.ContainsFunc(escaped, unsafeRune) {
			t.Errorf("%q", escaped)
		}
		if Escape(escaped) != escaped {
			t.Errorf("%q is escaped again", escaped)
		}
		for _, format := range Formats() {
			shown, err := encode(Printable(format, defaults), s)
			if body := strings.ReplaceAll(shown, "\n", ""); err != nil || Escape(body) != body {
				t.Errorf("%s: %q, %v", format.Name, shown, err)
			}
		}
	})
}
