package prompt

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// pieces counts the writes that come through a small buffer.
type pieces struct {
	bytes.Buffer
	writes int
}

func (p *pieces) Write(b []byte) (int, error) {
	p.writes++
	return p.Buffer.Write(b)
}

func TestMark(t *testing.T) {
	f, err := format.Find("json")
	if err != nil {
		t.Fatal(err)
	}
	long := `"` + strings.Repeat("x", 1<<17) + `"`
	for payload, want := range map[string]string{
		`{"a": 1}`:        "{\"a\": 1}",
		"\"\u202e\"":      `"\u202e"`,
		"\x1b[31mno json": `\x1b[31mno json`,
		long:              long,
	} {
		for _, colour := range []bool{false, true} {
			shown := &pieces{}
			w := bufio.NewWriterSize(shown, 16)
			e := signs{colour}.mark(format.Printable(f, format.Options{}))
			if err := e.Encode(w, frame.Payload{Bytes: []byte(payload)}); err != nil {
				t.Fatal(err)
			}
			w.Flush()
			marked := "< " + want + "\n"
			if colour {
				marked = cyan + "< " + want + plain + "\n"
			}
			if shown.String() != marked || len(want) > 16 && shown.writes != 1 {
				t.Errorf("%.40q: got %.80q in %d writes", payload, shown.String(), shown.writes)
			}
		}
	}
}
