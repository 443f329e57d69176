package format

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A place is where in a document something stands, as far as what comes before
// it tells. That is JSON, up to there.
type place struct {
	open     []byte // the brackets around it, the innermost last
	last     byte   // what comes before it, but for white space; 0 at the beginning
	inString bool
	isName   bool // the string that it is in, or comes right after, is a name
}

func placeBehind(before []byte) place {
	var p place
	for i := 0; i < len(before); i++ {
		switch c := before[i]; {
		case p.inString && c == '\\':
			i++
		case p.inString:
			p.inString = c != '"'
		case c == '"':
			p.inString, p.isName = true, p.wantsName()
			p.last = c
		case !isSpace(c):
			p.pass(c)
		}
	}
	return p
}

// pass takes the place behind a byte that is outside of strings.
func (p *place) pass(c byte) {
	p.last, p.isName = c, false
	switch {
	case c == '{', c == '[':
		p.open = append(p.open, c)
	case (c == '}' || c == ']') && len(p.open) > 0:
		p.open = p.open[:len(p.open)-1]
	}
}

// innermost is the bracket around it, 0 outside of all.
func (p *place) innermost() byte {
	if len(p.open) == 0 {
		return 0
	}
	return p.open[len(p.open)-1]
}

// wantsName and wantsValue say what has to come next.
func (p *place) wantsName() bool {
	return p.innermost() == '{' && (p.last == '{' || p.last == ',')
}

func (p *place) wantsValue() bool {
	return p.last == 0 || p.last == ':' || p.innermost() == '[' && (p.last == '[' || p.last == ',')
}

// fault says why from, which stands at the place, cannot stand there. Word is
// what it begins with if that is no bracket, comma, colon or string.
func (p *place) fault(from []byte, word string) (reason, hint string) {
	sign := strconv.QuoteRune(rune(from[0])) // where there is no word
	comma := p.last == ','
	switch {
	case from[0] == '\'':
		return "a single quotation mark", "strings have double quotation marks in JSON"
	case comma && (p.innermost() == '{' && from[0] == '}' || p.innermost() == '[' && from[0] == ']'):
		return "a comma before " + sign, "remove the comma"
	case p.last == 0 && (from[0] == '}' || from[0] == ']'):
		return sign + " closes nothing", ""
	case p.last == 0 && word == "":
		return sign + " where a document should begin", "documents need nothing but white space between them"
	case p.wantsName():
		return quoted(word, sign) + " where a name should stand", "names have double quotation marks in JSON"
	case p.isName:
		return "no colon between a name and " + quoted(word, sign), ""
	case p.wantsValue() && word == "":
		return "no value before " + sign, ""
	case p.wantsValue():
		return p.noValue(from, word)
	case from[0] == '}' || from[0] == ']':
		return fmt.Sprintf("%s does not close %q", sign, p.innermost()), ""
	}
	return "no comma before " + quoted(word, sign), ""
}

// noValue says what is wrong with a word where a value belongs. From may be its
// end alone.
func (p *place) noValue(from []byte, word string) (reason, hint string) {
	reason = quoted(word, "") + " is no value"
	switch {
	case beginsLike(from, "NaN", "Infinity"):
		return reason, "JSON has neither NaN nor Infinity: use null or a string"
	case word[0] == '-', '0' <= word[0] && word[0] <= '9':
		reason = quoted(word, "") + " is no number"
	case slices.Contains([]string{"true", "false", "null", "none", "nil", "undefined"}, strings.ToLower(word)):
		hint = "JSON has true, false and null"
	}
	switch {
	case len(p.open) > 0:
		return reason, hint
	case hint != "":
		return reason, hint + "; " + hintText
	}
	return reason, hintText
}

// stringFault says why from cannot stand in a string.
func stringFault(from []byte) (reason, hint string) {
	switch c := from[0]; {
	case c == '\\' && len(from) > 1 && from[1] == 'u':
		return `\u without four hexadecimal digits`, ""
	case c == '\\' && len(from) > 1:
		return `\` + string(from[1:1+runeLength(from[1:])]) + " means nothing in a string", `write \\ for a backslash`
	case c == '\n', c == '\r':
		return "a line break in a string", `end the string before it, or write \n`
	case c == '\t':
		return "a tab in a string", `write \t`
	case c < ' ':
		return "a control character in a string", fmt.Sprintf(`write \u%04x`, c)
	}
	return "", ""
}

func runeLength(b []byte) int {
	_, size := utf8.DecodeRune(b)
	return size
}

// longestQuote is how much of a word is quoted, in bytes.
const longestQuote = 24

// quoted shows a word, or else what there is in its stead.
func quoted(word, instead string) string {
	if word == "" {
		return instead
	}
	if len(word) > longestQuote {
		cut := longestQuote
		for cut > 0 && !utf8.RuneStart(word[cut]) {
			cut--
		}
		word = word[:cut] + "…"
	}
	return strconv.Quote(word)
}

// firstWord and lastWord are what stands at an end of b without white space or
// anything that has a meaning of its own in JSON.
func firstWord(b []byte) string {
	end := 0
	for end < len(b) && isWordByte(b[end]) {
		end++
	}
	return string(b[:end])
}

func lastWord(b []byte) string {
	begin := len(b)
	for begin > 0 && isWordByte(b[begin-1]) {
		begin--
	}
	return string(b[begin:])
}

func isWordByte(c byte) bool { return !isSpace(c) && !bytes.ContainsRune([]byte(`{}[],:"`), rune(c)) }
