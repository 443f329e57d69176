package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	byteOrderMark = "\uFEFF"

	// maxDepth is how deep jsontext goes.
	maxDepth = 10000

	hintText  = "use -f text for lines of plain text"
	hintSpace = "put white space between numbers, true, false and null; " + hintText
)

// notJSON says why b is no document, and what to do about it. For one that is,
// reason is empty.
func notJSON(b []byte) (reason, hint string) {
	if len(trimSpace(b)) == 0 {
		return "not JSON: empty", ""
	}
	if i := invalidUTF8(b); i >= 0 {
		return invalidUTF8Reason(i), ""
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(b), rfc8259()...)
	if _, err := d.ReadValue(); err != nil {
		return describe(b, faultOffset(err), err)
	}
	end := int(d.InputOffset())
	if rest := trimSpace(b[end:]); len(rest) > 0 {
		return fmt.Sprintf("not JSON: something follows the document at byte %d", end+1), ""
	}
	return "", ""
}

func invalidUTF8Reason(at int) string {
	return fmt.Sprintf("not JSON: invalid UTF-8 at byte %d", at+1)
}

// faultOffset is where jsontext found a fault, counted from where its input began.
func faultOffset(err error) int {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return int(syntactic.ByteOffset)
	}
	return 0
}

// describe puts into words what jsontext found at byte at of b.
func describe(b []byte, at int, err error) (reason, hint string) {
	before, from := b[:at], b[at:]
	reason, hint = reasonAt(before, from)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), len(from) == 0:
		reason, hint = "the document is not finished", ""
	case reason == "":
		reason = plainReason(err)
	}
	return "not JSON: " + reason, hint
}

// reasonAt is describe in our own words, where there are some.
func reasonAt(before, from []byte) (reason, hint string) {
	if len(from) == 0 {
		return "", ""
	}
	p := placeBehind(before)
	begun := lastWord(before) // of a number, true, false or null
	word := firstWord(from)
	switch {
	case beginsLike(from, byteOrderMark):
		return "a byte order mark", "remove it"
	case p.inString:
		return stringFault(from)
	case len(p.open) == maxDepth:
		return fmt.Sprintf("brackets nested more than %d deep", maxDepth), ""
	case begun != "" && (isWordByte(from[0]) || !jsontext.Value(begun).IsValid()):
		return p.noValue(from, begun+word)
	}
	return p.fault(from, word)
}

// plainReason is jsontext's own reason, without the place, and safe to print.
func plainReason(err error) string {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) && syntactic.Err != nil {
		err = syntactic.Err
	}
	return Escape(err.Error())
}

// beginsLike reports whether b begins with one of words, as far as b goes: not
// everything may have been read yet.
func beginsLike(b []byte, words ...string) bool {
	for _, word := range words {
		if n := min(len(b), len(word)); string(b[:n]) == word[:n] {
			return true
		}
	}
	return false
}

// invalidUTF8 is the index of the first byte in b that is not UTF-8, or -1.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
}
