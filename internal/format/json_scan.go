package format

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// A spaceSet is a set of characters up to ' ', a bit for each.
type spaceSet uint64

const (
	blanks    spaceSet = 1<<' ' | 1<<'\t'
	allSpaces          = blanks | 1<<'\n' | 1<<'\r'
)

// maxScanDepth is how deep scanDocument goes.
const maxScanDepth = 63

// scanDocument gives the size in bytes of the document that b begins with. On
// objects it takes half the time of jsontext, on arrays of digits or of strings beyond
// ASCII more. What is in order it takes as RFC 8259 has it; else it gives zero
// and leaves the verdict to jsontext: where there is a fault, the document goes
// on behind b, is nested deeply, or has other white space between its tokens
// than spaces.
//
// A number may go on behind b, and is taken for what there is of it.
func scanDocument(b []byte, spaces spaceSet) int {
	open := uint64(1) // behind its leading one a bit for each open bracket, one for a brace
	i := 0
values:
	for {
		if i = skipSpaces(b, i, spaces); i == len(b) {
			return 0
		}
		switch b[i] {
		case '"':
			i = scanString(b, i+1)
		case '{':
			if open>>maxScanDepth != 0 {
				return 0
			}
			open = open<<1 | 1
			if i = skipSpaces(b, i+1, spaces); i < len(b) && b[i] != '}' {
				if i = scanName(b, i, spaces); i < 0 {
					return 0
				}
				continue
			}
		case '[':
			if open>>maxScanDepth != 0 {
				return 0
			}
			open <<= 1
			if i = skipSpaces(b, i+1, spaces); i < len(b) && b[i] != ']' {
				continue
			}
		case 't':
			i = scanWord(b, i, "true")
		case 'f':
			i = scanWord(b, i, "false")
		case 'n':
			i = scanWord(b, i, "null")
		default:
			i = scanNumber(b, i)
		}
		if i < 0 {
			return 0
		}
		for open > 1 {
			if i = skipSpaces(b, i, spaces); i == len(b) {
				return 0
			}
			c := b[i]
			i++
			if c == ',' {
				if open&1 == 1 {
					if i = scanName(b, i, spaces); i < 0 {
						return 0
					}
				}
				continue values
			}
			if c != "]}"[open&1] {
				return 0
			}
			open >>= 1
		}
		return i
	}
}

// The functions below give where in b that ends which begins at i, or a
// negative number where it is no such thing or not there to its end.

// scanName is for the white space before a member, its name and the colon.
func scanName(b []byte, i int, spaces spaceSet) int {
	if i = skipSpaces(b, i, spaces); i == len(b) || b[i] != '"' {
		return -1
	}
	if i = scanString(b, i+1); i < 0 {
		return -1
	}
	if i = skipSpaces(b, i, spaces); i == len(b) || b[i] != ':' {
		return -1
	}
	return i + 1
}

// scanString is for what follows a string's opening quotation mark.
func scanString(b []byte, i int) int {
	for {
		for uint(i)+8 <= uint(len(b)) { // unsigned, which spares checks of i
			word := binary.LittleEndian.Uint64(b[i : i+8])
			if marks := (special(word) | word) & highs; marks != 0 {
				i += bits.TrailingZeros64(marks) / 8
				break
			}
			i += 8
		}
		if uint(i) >= uint(len(b)) {
			return -1
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = scanEscape(b, i+1); i < 0 {
				return -1
			}
		case c < ' ':
			return -1
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && size == 1 {
				return -1
			}
			i += size
		}
	}
}

// scanEscape is for what follows a backslash. Halves of surrogate pairs may
// stand alone.
func scanEscape(b []byte, i int) int {
	switch {
	case i == len(b):
		return -1
	case shortEscaped[b[i]] != 0:
		return i + 1
	case b[i] != 'u' || len(b)-i < len("u0000"):
		return -1
	}
	for _, c := range b[i+1:][:4] {
		if !isDigit(c) && (c|0x20 < 'a' || 'f' < c|0x20) {
			return -1
		}
	}
	return i + len("u0000")
}

func scanWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func scanNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	first := i
	i = scanDigits(b, i)
	if i > first+1 && b[first] == '0' {
		return -1
	}
	if i > 0 && i < len(b) && b[i] == '.' {
		i = scanDigits(b, i+1)
	}
	if i > 0 && i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i = scanDigits(b, i)
	}
	return i
}

// scanDigits is for one digit or more.
func scanDigits(b []byte, i int) int {
	first := i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	if i == first {
		return -1
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// skipSpaces gives where the white space ends that may begin at i.
func skipSpaces(b []byte, i int, spaces spaceSet) int {
	for i < len(b) && b[i] <= ' ' && spaces>>b[i]&1 == 1 {
		i++
	}
	return i
}
