package prompt

import (
	"bytes"
	"slices"
	"sync"
	"unicode/utf8"

	"ductworks/internal/format"
)

const (
	// longRun is how many bytes come at once where nobody types them.
	longRun = 64
	// stand is a character that stands for a run until the editor has it. It
	// is of the private use area: where no run is due, it is itself.
	stand = '\uf8ff'
	// longestKey is how many bytes a key may send.
	longestKey = 16
)

const escape = 0x1b

// pastes keep the editor from being slow: it looks at the whole line for each
// character that is typed, so that a paste of 16 kB takes seconds. A long run
// of characters is given to it as one, in whose place it then puts the run.
type pastes struct {
	inKey bool   // what came last may have been half a key
	half  []byte // of a character

	mu   sync.Mutex
	runs [][]rune // that stand for what the editor has not come to yet
}

// shorten appends to dst what came from the terminal, with one character for
// each long run. Half a character is kept until the rest of it comes.
func (p *pastes) shorten(dst, came []byte) []byte {
	came = append(p.half, came...)
	whole := len(came) - format.PartialRune(came)
	p.half = slices.Clone(came[whole:])
	came = came[:whole]
	key := bytes.LastIndexByte(came, escape)
	inKey := p.inKey
	p.inKey = key >= 0 && len(came)-key < longestKey
	if key >= 0 || inKey {
		return append(dst, came...)
	}
	for len(came) > 0 {
		n := printable(came)
		if n >= longRun {
			p.push([]rune(string(came[:n])))
			dst = utf8.AppendRune(dst, stand)
		} else {
			n = max(n, 1)
			dst = append(dst, came[:n]...)
		}
		came = came[n:]
	}
	return dst
}

// printable is how many bytes at the beginning of b are characters to print.
func printable(b []byte) int {
	if n := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r == 0x7f }); n >= 0 {
		return n
	}
	return len(b)
}

func (p *pastes) push(run []rune) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs = append(p.runs, run)
}

// expand is told by the editor of each key, and puts a run in its place.
func (p *pastes) expand(line []rune, pos int, key rune) ([]rune, int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if key != stand || len(p.runs) == 0 {
		return nil, 0, false
	}
	run := p.runs[0]
	p.runs = p.runs[1:]
	if pos == 0 || line[pos-1] != stand { // the key was for a search
		return nil, 0, false
	}
	return slices.Concat(line[:pos-1], run, line[pos:]), pos - 1 + len(run), true
}
