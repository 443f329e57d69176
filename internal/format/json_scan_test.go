package format

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// scanSample holds each kind of token, in places where the loops over words
// end, go on and stop.
const scanSample = "\t{\"\": [ ] , \"a\\\"\\u00Ef\":{ } ,\"12345678\":[true,false , null,\"é😀\"], " +
	"\"n\":[-0.5e+10,0,10E-2,7e1 ,-1.25] , \"1234567\\\\\" : {\"x\":\"0123456789abcdef\\/\"}}"

// checkScan holds what scanDocument makes of b against jsontext and encoding/json.
func checkScan(t *testing.T, b []byte) {
	t.Helper()
	size := scanDocument(b, allSpaces)
	valid := json.Valid(b) && utf8.Valid(b)
	oneLine := !bytes.ContainsAny(b, "\r\n")
	switch {
	case size > 0 && (!json.Valid(b[:size]) || !utf8.Valid(b[:size])):
		t.Errorf("%q is taken for a document in %q", b[:size], b)
	case size > 0 && size != firstValue(b):
		t.Errorf("%d bytes of %q are taken, not %d", size, b, firstValue(b))
	case valid && size != len(bytes.TrimRight(b, " \t\r\n")) && !deep(b):
		t.Errorf("%q is not taken", b)
	}
	if line := scanDocument(b, blanks); line != 0 && line != size || oneLine && line != size {
		t.Errorf("of a line, %d bytes of %q are taken, not %d", line, b, size)
	}
	if line := scanDocument(b, blanks); line > 0 && bytes.ContainsAny(b[:line], "\r\n") {
		t.Errorf("%q is taken for a line", b[:line])
	}
}

// firstValue says where jsontext finds the end of the document that b begins with.
func firstValue(b []byte) int {
	d := jsontext.NewDecoder(bytes.NewReader(b), rfc8259()...)
	d.ReadValue()
	return int(d.InputOffset())
}

func deep(b []byte) bool {
	return bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > maxScanDepth
}

func TestScanDocument(t *testing.T) {
	for _, b := range []string{
		"", " ", "{", "}", "{}", "[]", "[}", "{]", "[[]", "{}}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, "[,]", "[1,]", "[1 2]",
		`{"a":1 "b":2}`, `{1:2}`, `{"a" 1}`, `{"a":[}]`, "0", "-", "-0", "01", "-01", "1.", ".1", "1.e1", "1e", "1e+", "1e+1", "1E5x", "1.5.5", "+1",
		"true", "tru", "truefalse", "nul", "null,", "falsehood", `"`, `"a`, `"\`, `"\"`, `"\u`, `"\u12`, `"\u123"`, `"\u12g4"`, `"\uABCD"`, `"\x"`,
		`"\ud800"`, "\"\xff\"", "\"12345678\xc3\"", "\"\xed\xa0\x80\"", "\"\x7f\"", "\"\n\"", "\"1234567\t\"", "[\n1\r\n]", "{\v}", "\ufeff{}", "NaN", "[1]2", "[1]\n",
		`"12345678`, `"123456789"`, `"1234567"`, `"123456"`,
	} {
		checkScan(t, []byte(b))
	}
}

func TestScanDocumentWithAnyByteWrong(t *testing.T) {
	checkScan(t, []byte(scanSample))
	if scanDocument([]byte(scanSample), blanks) == 0 {
		t.Fatal("the sample itself is not taken")
	}
	for at := range len(scanSample) {
		for c := range 256 {
			b := []byte(scanSample)
			b[at] = byte(c)
			checkScan(t, b)
		}
		checkScan(t, []byte(scanSample[:at]))
		checkScan(t, []byte(scanSample[at:]))
		checkScan(t, []byte(scanSample[:at]+scanSample[at+1:]))
	}
}

func TestScanDocumentDepth(t *testing.T) {
	for _, bracket := range []struct{ open, close string }{{"[", "]"}, {`{"a":`, "}"}} {
		for depth := maxScanDepth - 1; depth <= 2*maxScanDepth+2; depth++ {
			doc := strings.Repeat(bracket.open, depth) + "0" + strings.Repeat(bracket.close, depth)
			want := len(doc)
			if depth > maxScanDepth {
				want = 0
			}
			if got := scanDocument([]byte(doc), blanks); got != want {
				t.Errorf("of %d times %s, %d bytes are taken", depth, bracket.open, got)
			}
			if got, err := decodeAll(t, jsonFormat, strings.NewReader(doc), defaults); err != nil || len(got) != 1 {
				t.Errorf("%d times %s: %v", depth, bracket.open, err)
			}
		}
	}
}

func FuzzScanDocument(f *testing.F) {
	f.Add(scanSample)
	f.Add("[\n1,\r\"\\ud800\"]")
	f.Fuzz(func(t *testing.T, b string) { checkScan(t, []byte(b)) })
}
