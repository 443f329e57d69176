package format

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ductworks/internal/frame"
)

var (
	base64Format = encodedFormat("base64", "each line, decoded from base64 (RFC 4648)", base64Coding)
	hexFormat    = encodedFormat("hex", "each line, decoded from hexadecimal digits", hexCoding)
)

// A coding writes bytes as characters. Input in pieces of whole multiples of
// three bytes is encoded as if it were one.
type coding struct {
	encode func(dst, payload []byte) []byte
	decode conversion
	// longest is the size of a payload of limit bytes, encoded.
	longest func(limit int64) int64
}

func encodedFormat(name, summary string, c func() coding) Format {
	return Format{
		Name:    name,
		Summary: summary,
		NewDecoder: func(src io.Reader, o Options) Decoder {
			c := c()
			return newLineDecoder(src, []byte{'\n'}, c.longest(o.Limit), o, c.decode)
		},
		NewEncoder: func(Options) Encoder { return &encodingEncoder{encode: c().encode} },
		Message: func(text string, o Options) ([]byte, error) {
			return lineMessage(text, o.Limit, c().decode)
		},
	}
}

func base64Coding() coding {
	strict := base64.StdEncoding.Strict()
	decode := decoded("base64", strict.AppendDecode)
	return coding{
		encode:  strict.AppendEncode,
		longest: func(limit int64) int64 { return (limit + 2) / 3 * 4 },
		decode: func(dst, line []byte) ([]byte, *RecordError) {
			// The package would ignore line breaks.
			if i := max(bytes.IndexByte(line, '\r'), bytes.IndexByte(line, '\n')); i >= 0 {
				return nil, notEncoded("base64", fmt.Errorf("%q at byte %d", line[i], i+1))
			}
			return decode(dst, line)
		},
	}
}

func hexCoding() coding {
	return coding{
		encode:  hex.AppendEncode,
		longest: func(limit int64) int64 { return 2 * limit },
		decode:  decoded("hex", hex.AppendDecode),
	}
}

// decoded makes a conversion of what decodes lines of the format called name.
func decoded(name string, decode func(dst, line []byte) ([]byte, error)) conversion {
	return func(dst, line []byte) ([]byte, *RecordError) {
		payload, err := decode(dst, line)
		if err != nil {
			return nil, notEncoded(name, err)
		}
		return payload, nil
	}
}

func notEncoded(name string, err error) *RecordError {
	reason := strings.TrimPrefix(err.Error(), "encoding/hex: ")
	if at := base64.CorruptInputError(0); errors.As(err, &at) {
		reason = fmt.Sprintf("wrong character or padding at byte %d", at+1)
	}
	return &RecordError{Reason: "not " + name + ": " + reason, Hint: "use -f text or -f raw for lines as they are"}
}

type encodingEncoder struct {
	encode  func(dst, payload []byte) []byte
	scratch []byte
}

// encodePiece is a multiple of three, small enough for its encoding to stay in
// the processor's cache, and spares large payloads a second copy of their size.
const encodePiece = 3 << 10

func (e *encodingEncoder) Encode(w *bufio.Writer, p frame.Payload) error {
	for piece := range slices.Chunk(p.Bytes, encodePiece) {
		e.scratch = e.encode(e.scratch[:0], piece)
		if _, err := w.Write(e.scratch); err != nil {
			return err
		}
	}
	return w.WriteByte('\n')
}
