package format

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"ductworks/internal/frame"
)

// openAll gives all letters of input, as text, and the error that ended them
// unless that was the end of the input.
func openAll(t testing.TB, src io.Reader, o Options) ([]string, error) {
	t.Helper()
	var letters []string
	d := NewEnvelopeDecoder(src, o)
	for {
		l, err := d.Next()
		if err != nil {
			if _, again := d.Next(); again != err {
				t.Errorf("error is not final: %v, then %v", err, again)
			}
			if err == io.EOF {
				err = nil
			}
			return letters, err
		}
		letters = append(letters, fmt.Sprintf("%d %q %v", l.Conn, l.Payload, l.Close))
	}
}

func letter(conn int, payload string) string { return fmt.Sprintf("%d %q false", conn, payload) }

func TestEnvelopeDecoder(t *testing.T) {
	for _, c := range []struct {
		input   string
		letters []string
		err     string
	}{
		{"", nil, ""},
		{" \n", nil, ""},
		{`{"conn":3,"message":null}`, []string{letter(3, "null")}, ""},
		{`{"message":{"b":1,"a":[1, 2],"b":1e999}}`, []string{letter(0, `{"b":1,"a":[1, 2],"b":1e999}`)}, ""},
		{"{\n \"message\" : \n[1,\n 2] , \"conn\":12\n}", []string{letter(12, "[1,\n 2]")}, ""},
		{`{"message":"\ud800"}`, []string{letter(0, `"\ud800"`)}, ""},
		{`{"conn":1,"message":1}{"conn":2,"message":2}` + "\n", []string{letter(1, "1"), letter(2, "2")}, ""},
		{`{"conn":3,"base64":"AP8="}`, []string{letter(3, "\x00\xff")}, ""},
		{`{"conn":3,"base64":""}`, []string{letter(3, "")}, ""},
		{`{"conn":3,"base64":"\u0041P8="}`, []string{letter(3, "\x00\xff")}, ""},
		{`{"c\u006fnn":3,"message":1}`, []string{letter(3, "1")}, ""},
		{`{"conn":3,"close":true}`, []string{`3 "" true`}, ""},
		{`{"message":1}` + "\n\n" + `[1]`, []string{letter(0, "1")}, "line 3: not an object"},
		{`3`, nil, "line 1: not an object"},
		{`{}`, nil, `there is no "message"`},
		{`{"conn":3}`, nil, `there is no "message"`},
		{`{"conn":0,"message":1}`, nil, "not 0"},
		{`{"conn":-1,"message":1}`, nil, "not -1"},
		{`{"conn":1.0,"message":1}`, nil, "not 1.0"},
		{`{"conn":"1","message":1}`, nil, `not "1"`},
		{`{"conn":null,"message":1}`, nil, "not null"},
		{`{"conn":99999999999999999999,"message":1}`, nil, "not 99999999999999999999"},
		{`{"conn":[` + strings.Repeat("1,", 1000) + `1],"message":1}`, nil, "…"},
		{`{"conn":1,"conn":2,"message":1}`, nil, `"conn" twice`},
		{`{"message":1,"message":2}`, nil, `"message" twice`},
		{`{"message":1,"base64":""}`, nil, "contradict"},
		{`{"conn":1,"message":1,"close":true}`, nil, "contradict"},
		{`{"close":true}`, nil, `wants a "conn"`},
		{`{"conn":1,"close":false}`, nil, "not false"},
		{`{"conn":1,"event":"close"}`, nil, `"event" means nothing here`},
		{`{"conn":1,"mesage":1}`, nil, `"mesage" means nothing here (an envelope is`},
		{`{"base64":"AP8"}`, nil, `"base64": `},
		{`{"base64":"AP9="}`, nil, `"base64": `}, // bits behind the end
		{`{"base64":3}`, nil, `"base64" is a string`},
		{`{"message":}`, nil, "line 1: not JSON"},
		{`{"message":1`, nil, "line 1: "},
		{"{\"message\":\"\xff\"}", nil, "UTF-8"},
	} {
		for how, r := range splits(c.input) {
			got, err := openAll(t, r(), defaults)
			if !slices.Equal(got, c.letters) {
				t.Errorf("%.60s, %s: letters %q, want %q", c.input, how, got, c.letters)
			}
			wantError(t, err, c.err)
			if err != nil && where(err) == "" {
				t.Errorf("%.60s: %v does not say where", c.input, err)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("%.60s: the error has %d bytes", c.input, len(err.Error()))
			}
		}
	}
}

// TestEnvelopeLimit is for the message, not for what is around it.
func TestEnvelopeLimit(t *testing.T) {
	o := Options{Limit: 1000}
	for size, want := range map[int]string{1000: "", 1001: "larger than the limit"} {
		document := `"` + strings.Repeat("x", size-2) + `"`
		raw := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, size))
		for _, input := range []string{`{"conn":1,"message":` + document + `}`, `{"conn":1,"base64":"` + raw + `"}`} {
			_, err := openAll(t, strings.NewReader("\n"+input), o)
			wantError(t, err, want)
			if want != "" && where(err) != "line 2" {
				t.Errorf("error %v", err)
			}
		}
	}
	src := &endless{pattern: `{"message":[`}
	if _, err := openAll(t, src, o); err == nil || src.taken > 1<<20 {
		t.Errorf("%v after %d bytes", err, src.taken)
	}
	if _, err := openAll(t, strings.NewReader(`{"message":1}`), Options{Limit: frame.MaxPayload}); err != nil {
		t.Error(err)
	}
}

func TestEnvelopeEncoder(t *testing.T) {
	e := NewEnvelopeEncoder()
	for want, got := range map[string]func() []byte{
		`{"conn":3,"event":"open","peer":"unix:","uid":0}`:                   func() []byte { return e.Open(3, "unix:", 0) },
		`{"conn":4,"event":"open","peer":"tcp:[::1]:7"}`:                     func() []byte { return e.Open(4, "tcp:[::1]:7", -1) },
		`{"conn":5,"event":"open","peer":"unix:\u0001\"\ufffd"}`:             func() []byte { return e.Open(5, "unix:\x01\"\xff", -1) },
		`{"conn":9,"event":"close","received":12,"sent":4}`:                  func() []byte { return e.Close(9, 12, 4) },
		`{"conn":1,"message":{"b":1,"a":[1, 2],"b":1e999}}`:                  func() []byte { return e.Message(1, []byte(`{"b":1,"a":[1, 2],"b":1e999}`)) },
		`{"conn":1,"message":[1,2]}`:                                         func() []byte { return e.Message(1, []byte("[1,\n 2]")) },
		`{"conn":1,"base64":""}`:                                             func() []byte { return e.Message(1, nil) },
		`{"conn":1,"base64":"MSAy"}`:                                         func() []byte { return e.Message(1, []byte("1 2")) },
		`{"conn":1,"base64":"` + "Iv8i" + `"}`:                               func() []byte { return e.Message(1, []byte("\"\xff\"")) },
		`{"conn":9223372036854775807,"event":"close","received":0,"sent":0}`: func() []byte { return e.Close(1<<63-1, 0, 0) },
	} {
		if got := string(got()); strings.ReplaceAll(got, "�", `\ufffd`) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// FuzzEnvelopes: what the encoder makes of a payload, the decoder gives back,
// and what the decoder accepts is what encoding/json sees.
func FuzzEnvelopes(f *testing.F) {
	for _, seed := range []string{
		`{"conn":3,"message":{"a":[1,2]}}`, `{"conn":3,"base64":"AP8="}`, `{"conn":3,"close":true}`, `{"message":1}`,
		`{"conn":1,"message":"\ud800"}{"message":2}`, `{"conn":1e0,"message":1}`, "{\"message\":\r\n1}", `{"conn":1,"event":"open"}`,
	} {
		f.Add([]byte(seed), uint(len(seed)/2))
	}
	o := Options{Limit: 10_000, buffer: 64}
	f.Fuzz(func(t *testing.T, data []byte, at uint) {
		want, wantErr := openAll(t, bytes.NewReader(data), o)
		got, err := openAll(t, splitAt(string(data), int(at%uint(len(data)+1))), o)
		if !slices.Equal(got, want) || where(err) != where(wantErr) {
			t.Errorf("split: %q, %v; want %q, %v", got, err, want, wantErr)
		}
		if l, err := NewEnvelopeDecoder(bytes.NewReader(data), o).Next(); err == nil && json.Valid(data) {
			var seen struct{ Conn int64 }
			if json.Unmarshal(data, &seen) != nil || l.Conn != seen.Conn {
				t.Errorf("a letter for %d of %s", l.Conn, data)
			}
		}
		if len(data) > int(o.Limit) {
			return
		}
		line := NewEnvelopeEncoder().Message(7, data)
		if bytes.ContainsAny(line, "\r\n") || !json.Valid(line) {
			t.Errorf("no line: %s", line)
		}
		l, err := NewEnvelopeDecoder(bytes.NewReader(line), o).Next()
		if err != nil || l.Conn != 7 || !samePayload(l.Payload, data) {
			t.Errorf("%q comes back as %q, %v", data, l.Payload, err)
		}
	})
}

// samePayload says whether got is want, line breaks between tokens aside.
func samePayload(got, want []byte) bool {
	if bytes.Equal(got, trimSpace(want)) || bytes.Equal(got, want) {
		return true
	}
	compacted, ok := compact(nil, want, rfc8259())
	return ok && bytes.Equal(got, compacted)
}

func TestEnvelopeSourceFails(t *testing.T) {
	broken := errors.New("broken")
	if _, err := openAll(t, io.MultiReader(strings.NewReader(`{"message":1}`), &failing{broken}), defaults); err != broken {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (r *failing) Read([]byte) (int, error) { return 0, r.err }
