package format

import (
	"bytes"
	"fmt"
)

// foundEarly reports whether a reader of record and delim would find delim
// before the record's end.
func foundEarly(record, delim []byte) bool {
	if len(delim) == 1 {
		return bytes.IndexByte(record, delim[0]) >= 0
	}
	if bytes.Contains(record, delim) {
		return true
	}
	for k := 1; k < len(delim); k++ {
		// The record ends with the delimiter's first k bytes, and the
		// delimiter goes on as it began.
		if bytes.HasSuffix(record, delim[:k]) && bytes.HasPrefix(delim, delim[k:]) {
			return true
		}
	}
	return false
}

// delimited is the error for a record that holds its delimiter. The hint names
// a format that could show it.
func delimited(record, delim []byte, hint string) *UnfitError {
	if bytes.IndexByte(record, 0) < 0 && string(delim) != "\x00" {
		hint = "-0 or " + hint
	}
	return &UnfitError{
		Reason: fmt.Sprintf("the delimiter %q would be found inside it", delim),
		Hint:   "use " + hint,
	}
}

// delimiter is what ends a record: a newline unless o says otherwise.
func (o Options) delimiter() []byte {
	if len(o.Delimiter) == 0 {
		return []byte{'\n'}
	}
	return o.Delimiter
}
