package format

import (
	"bytes"
	"io"
)

// Check finds out whether text is nothing but whole records of f. If it is
// not, the error is a *RecordError, of which Unfinished says whether it could
// become so by what follows.
func Check(f Format, text []byte, o Options) error {
	d := f.NewDecoder(bytes.NewReader(text), o)
	return exhaust(func() error { _, err := d.Next(); return err })
}

// CheckEnvelopes is Check for envelopes.
func CheckEnvelopes(text []byte, o Options) error {
	d := NewEnvelopeDecoder(bytes.NewReader(text), o)
	return exhaust(func() error { _, err := d.Next(); return err })
}

func exhaust(next func() error) error {
	for {
		switch err := next(); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}
