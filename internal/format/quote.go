package format

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Every byte of a word set to 0x01, and to 0x80.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain reports whether text can stand in a JSON string as it is: valid UTF-8
// without quotation marks, backslashes and control characters.
func plain(text []byte) bool {
	rest := text[plainASCII(text):]
	return len(rest) == 0 || rest[0] >= utf8.RuneSelf && unescaped(rest) == len(rest) && utf8.Valid(rest)
}

// plainASCII counts the bytes of text before the first one that is not ASCII
// or has to be escaped in a JSON string.
func plainASCII(text []byte) int {
	rest := text
	for len(rest) >= 16 {
		first, second := binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:])
		if (special(first)|first|special(second)|second)&highs != 0 {
			break
		}
		rest = rest[16:]
	}
	for len(rest) >= 8 {
		word := binary.LittleEndian.Uint64(rest)
		if marks := (special(word) | word) & highs; marks != 0 {
			return len(text) - len(rest) + bits.TrailingZeros64(marks)/8
		}
		rest = rest[8:]
	}
	for i, c := range rest {
		if mustEscape(c) || c >= utf8.RuneSelf {
			return len(text) - len(rest) + i
		}
	}
	return len(text)
}

// unescaped counts the bytes of text before the first one that has to be
// escaped in a JSON string.
func unescaped(text []byte) int {
	rest := text
	for len(rest) >= 8 {
		word := binary.LittleEndian.Uint64(rest)
		if marks := special(word) &^ word & highs; marks != 0 {
			return len(text) - len(rest) + bits.TrailingZeros64(marks)/8
		}
		rest = rest[8:]
	}
	for i, c := range rest {
		if mustEscape(c) {
			return len(text) - len(rest) + i
		}
	}
	return len(text)
}

func mustEscape(c byte) bool { return c < ' ' || c == '"' || c == '\\' }

// special sets the high bit of each ASCII byte of a word that has to be
// escaped. Above the lowest of those, and in bytes that have it, it may set others, too.
func special(word uint64) uint64 {
	// Subtracting n from a byte below n borrows and so sets its high bit.
	// Flipping the second bit makes '"' one less than ' ', next to the control
	// characters, and leaves those among themselves; ' ' itself moves up.
	control := (word ^ 2*ones) - 0x21*ones
	backslash := (word ^ '\\'*ones) - ones
	return control | backslash
}

// appendQuoted appends text as a JSON string that escapes no more than it must.
// ok is false where text is not valid UTF-8.
func appendQuoted(dst, text []byte) (quoted []byte, ok bool) {
	dst = append(dst, '"')
	if plain(text) {
		dst = append(dst, text...)
		return append(dst, '"'), true
	}
	if !utf8.Valid(text) {
		return dst, false
	}
	for {
		n := unescaped(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return append(dst, '"'), true
		}
		dst = appendEscape(dst, text[n])
		text = text[n+1:]
	}
}

// appendEscape appends what RFC 8259, section 7, demands in place of c.
func appendEscape(dst []byte, c byte) []byte {
	if short := shortEscape[c]; short != 0 {
		return append(dst, '\\', short)
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
}

// shortEscape gives what stands behind the backslash for a character, where
// two bytes will do.
var shortEscape = [256]byte{
	'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't',
}

// shortEscaped is shortEscape the other way.
var shortEscaped = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// appendUnquoted appends what stands between a string's quotation marks,
// without escapes. ok is false where that takes more thought, or is no such thing.
func appendUnquoted(dst, quoted []byte) (text []byte, ok bool) {
	for {
		n := plainASCII(quoted)
		dst = append(dst, quoted[:n]...)
		quoted = quoted[n:]
		if len(quoted) < 2 {
			return dst, len(quoted) == 0
		}
		c := shortEscaped[quoted[1]]
		if quoted[0] != '\\' || c == 0 {
			return dst, false
		}
		dst = append(dst, c)
		quoted = quoted[2:]
	}
}

// quotedSize is the size of text as a JSON string.
func quotedSize(text []byte) int64 {
	size := int64(len(text)) + 2
	for _, c := range text {
		switch {
		case c == '"', c == '\\', c == '\b', c == '\t', c == '\n', c == '\f', c == '\r':
			size++
		case c < ' ':
			size += 5
		}
	}
	return size
}
