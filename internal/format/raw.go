package format

import (
	"bufio"
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
	w.Write(p.Bytes) // a failure comes up in the next write
	_, err := w.Write(e.delim)
	return err
}
