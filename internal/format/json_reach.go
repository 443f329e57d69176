package format

import (
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// reaching gives the document whose beginning the buffer holds.
func (d *jsonDecoder) reaching() ([]byte, error) {
	d.tail = documentReader{in: &d.in, left: d.limit + 1}
	d.reach.Reset(&d.tail, d.options...)
	doc, err := d.reach.ReadValue()
	if err != nil {
		return nil, d.reachError(err)
	}
	d.in.unskip(len(d.reach.UnreadBuffer()))
	if !selfEnding(doc) && len(d.in.bytes()) == 0 {
		_ = d.in.more(d.in.size) // a failure comes up in the next call
	}
	if err := d.check(doc, nil, d.in.bytes()); err != nil {
		return nil, err
	}
	d.breaks += countBreaks(doc)
	d.largest = max(d.largest, len(doc))
	return doc, nil
}

// reachError puts a failure to read on into words. Where jsontext could not
// read, it may call that a fault of the syntax.
func (d *jsonDecoder) reachError(err error) error {
	switch d.tail.err {
	case nil, io.EOF:
		// What has been gathered begins with the document.
		return d.syntaxError(d.reach.UnreadBuffer(), faultOffset(err), err)
	case errTooLarge:
		return tooLarge(d.line(), d.limit)
	}
	return d.tail.err
}

// releaseReach drops what one huge document has left behind, now that
// documents fit the buffer.
func (d *jsonDecoder) releaseReach() {
	if d.largest > keepLarge {
		d.reach, d.largest = new(jsontext.Decoder), 0
	}
}

// A documentReader gives jsontext the rest of one document, and what happens to
// stand behind it.
type documentReader struct {
	in   *buffer
	left int64 // so much may still be given
	err  error // what reading ended with
}

func (r *documentReader) Read(p []byte) (int, error) {
	if r.err = r.ready(); r.err != nil {
		return 0, r.err
	}
	n := copy(p[:min(int64(len(p)), r.left)], r.in.bytes())
	r.in.skip(n)
	r.left -= int64(n)
	return n, nil
}

func (r *documentReader) ready() error {
	switch {
	case r.left == 0:
		return errTooLarge
	case len(r.in.bytes()) > 0:
		return nil
	}
	return r.in.more(r.in.size)
}
