package format

import (
	"errors"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		format, text string
		reason       string // empty: it is whole
		unfinished   bool
	}{
		{"json", "", "", false},
		{"json", " \n", "", false},
		{"json", "1\n", "", false},
		{"json", "{}{} [1]\n\"a\"\n", "", false},
		{"json", "{\n", "not JSON: the document is not finished", true},
		{"json", "{\"a\":\n", "not JSON: the document is not finished", true},
		{"json", "1 [2,\n", "not JSON: the document is not finished", true},
		{"json", "{\"a\":\n\n1\n", "not JSON: the document is not finished, begun on line 1", true},
		{"json", "\"a\n", "not JSON: a line break in a string", false},
		{"json", "{]\n", "not JSON: ']' where a name should stand", false},
		{"json", "hello\n", `not JSON: "hello" is no value`, false},
		{"text", "\n", "", false},
		{"text", "\xff\n", "invalid UTF-8 at byte 1", false},
		{"hex", "0\n", "not hex: odd length hex string", false},
	} {
		f, err := Find(c.format)
		if err != nil {
			t.Fatal(err)
		}
		checkReason(t, c.text, Check(f, []byte(c.text), Options{Limit: 1 << 20}), c.reason, c.unfinished)
	}
}

func TestCheckEnvelopes(t *testing.T) {
	o := Options{Limit: 1 << 20}
	checkReason(t, "letter", CheckEnvelopes([]byte("{\"message\":1}\n"), o), "", false)
	checkReason(t, "unknown", CheckEnvelopes([]byte("{\"mess\":1}\n"), o), `"mess" means nothing here`, false)
	checkReason(t, "half", CheckEnvelopes([]byte("{\"message\":\n"), o), "not JSON: the document is not finished", true)
}

func checkReason(t *testing.T, text string, err error, reason string, unfinished bool) {
	t.Helper()
	var wrong *RecordError
	switch {
	case err == nil && reason == "":
	case !errors.As(err, &wrong):
		t.Errorf("%q: got %v, want %q", text, err, reason)
	case wrong.Reason != reason || wrong.Unfinished != unfinished:
		t.Errorf("%q: got %q, unfinished %v; want %q, %v", text, wrong.Reason, wrong.Unfinished, reason, unfinished)
	}
}
