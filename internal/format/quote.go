package format

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Every byte of a word set to 0x01, and to 0x80.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain reports whether text can stand in a JSON string as it is: valid UTF-8
// without quotation marks, backslashes and control characters.
func plain(text []byte) bool {
	var seen uint64
	rest := text
	for ; len(rest) >= 8; rest = rest[8:] {
		word := binary.LittleEndian.Uint64(rest)
		if special(word) {
			return false
		}
		seen |= word
	}
	for _, c := range rest {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		seen |= uint64(c)
	}
	return seen&highs == 0 || utf8.Valid(text)
}

// special reports whether one of the word's eight bytes has to be escaped.
func special(word uint64) bool {
	// Subtracting n from a byte below n borrows and so sets its high bit.
	// Flipping the second bit makes '"' one less than ' ', next to the control
	// characters, and leaves those among themselves; ' ' itself moves up.
	control := (word ^ 2*ones) - 0x21*ones
	backslash := (word ^ '\\'*ones) - ones
	return (control|backslash)&^word&highs != 0
}

// appendQuoted appends text as a JSON string that escapes no more than it must.
// It returns an error where text is not valid UTF-8.
func appendQuoted(dst, text []byte) ([]byte, error) {
	if !plain(text) {
		return jsontext.AppendQuote(dst, text)
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"'), nil
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
