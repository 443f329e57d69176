package format

import (
	"bufio"
	"bytes"
	"io"

	"ductworks/internal/frame"
)

var rawFormat = Format{
	Name:       "raw",
	Summary:    "each line's bytes, no JSON",
	Delimited:  true,
	NewDecoder: newRawDecoder,
	NewEncoder: func(o Options) Encoder { return &rawEncoder{o.delimiter()} },
	Message:    rawMessage,
}

func newRawDecoder(src io.Reader, o Options) Decoder {
	return newLineDecoder(src, o.delimiter(), o.Limit, o, nil)
}

func rawMessage(text string, o Options) ([]byte, error) {
	if int64(len(text)) > o.Limit {
		return nil, tooLarge("", o.Limit)
	}
	return []byte(text), nil
}

type rawEncoder struct{ delim []byte }

func (e *rawEncoder) Encode(w *bufio.Writer, p frame.Payload) error {
	if foundEarly(p.Bytes, e.delim) {
		return delimited(p.Bytes, e.delim, "-f base64")
	}
	return writeRecord(w, p.Bytes, e.delim)
}

// AppendRecords takes payloads up to the first one that holds a byte of the delimiter.
func (e *rawEncoder) AppendRecords(dst []byte, batch []frame.Payload) ([]byte, int) {
	for i := range batch {
		record := batch[i].Bytes
		if len(record)+len(e.delim) > cap(dst)-len(dst) || bytes.IndexByte(record, e.delim[0]) >= 0 {
			return dst, i
		}
		dst = append(append(dst, record...), e.delim...)
	}
	return dst, len(batch)
}

// writeRecord writes a record and its delimiter, a small one in one piece.
func writeRecord(w *bufio.Writer, record, delim []byte) error {
	if len(record)+len(delim) <= w.Available() {
		b := append(w.AvailableBuffer(), record...)
		_, err := w.Write(append(b, delim...))
		return err
	}
	w.Write(record) // a failure comes up in the next write
	_, err := w.Write(delim)
	return err
}
