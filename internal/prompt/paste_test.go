package prompt

import (
	"strings"
	"testing"
)

// Whatever comes in whatever pieces, the editor ends up with the same.
func TestPastes(t *testing.T) {
	long := strings.Repeat("日本x", 40)
	for name, c := range map[string]struct {
		came []string
		runs int // that were shortened
	}{
		"typed":             {[]string{"a", "b", "\r"}, 0},
		"pasted":            {[]string{long + "\r" + long + "\n[1]\r" + long}, 3},
		"a split character": {[]string{long[:len(long)-2], long[len(long)-2:] + long}, 2},
		"keys":              {[]string{"\x1b[A" + long, long}, 1},
		"half a key":        {[]string{"\x1b", "[A" + long, long}, 1},
		"not UTF-8":         {[]string{strings.Repeat("\xff", 200)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var p pastes
			var given []byte
			for _, piece := range c.came {
				given = p.shorten(given, []byte(piece))
			}
			if len(p.runs) != c.runs {
				t.Errorf("%d runs, not %d", len(p.runs), c.runs)
			}
			var line []rune
			for _, key := range string(given) {
				line = append(line, key)
				if expanded, pos, ok := p.expand(line, len(line), key); ok {
					line = expanded[:pos]
				}
			}
			if want := []rune(strings.Join(c.came, "")); string(line) != string(want) {
				t.Errorf("got %q, want %q", string(line), string(want))
			}
		})
	}
}

func TestExpandInTheMiddle(t *testing.T) {
	p := pastes{runs: [][]rune{[]rune("bc")}}
	line, pos, ok := p.expand([]rune("a\uf8ffd"), 2, stand)
	if string(line) != "abcd" || pos != 3 || !ok {
		t.Error(string(line), pos, ok)
	}
	if _, _, ok := p.expand([]rune("\uf8ff"), 1, stand); ok {
		t.Error("a character of that kind that was typed has changed")
	}
}
