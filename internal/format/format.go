// Package format turns streams of records, as they stand on stdin and stdout,
// into payloads and back. It knows text and no sockets.
//
// A format is one file here and one line in the table below.
package format

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"ductworks/internal/frame"
)

// Options are what a format needs to know beyond its name.
type Options struct {
	// Delimiter ends a record of the text and raw formats. Empty means a newline.
	Delimiter []byte
	// Limit is the largest payload in bytes that a Decoder gives.
	Limit int64

	// buffer is the size in bytes of what a Decoder reads into, where a test
	// wants records to reach beyond it.
	buffer int
}

// A Decoder reads records and gives the payloads they stand for.
type Decoder interface {
	// Next gives the next payload. At the end of the input it returns io.EOF;
	// for input that is no record of the format, a *RecordError; else the error of the reader.
	// Errors are final: every later call returns the same one.
	Next() (frame.Payload, error)
}

// An Encoder writes payloads as records.
type Encoder interface {
	// Encode writes the record that shows p. Where the format cannot show it,
	// the error is an *UnfitError and nothing has been written.
	// Failures of w are w's: they come up when it is flushed, or as the error here.
	// Where p.Rest fails, or ends early, the error is a *frame.RestError.
	Encode(w *bufio.Writer, p frame.Payload) error
}

// A Streamer is the Encoder of a format that Streams: it is known from a
// payload's size alone what stands before it, and nothing stands behind it. So
// whoever has a faster way to move a payload may write the prefix and go that way.
type Streamer interface {
	Encoder
	// AppendPrefix appends to dst what stands before a payload of size bytes.
	AppendPrefix(dst []byte, size int64) []byte
}

// A BatchEncoder can write many small records at once.
type BatchEncoder interface {
	Encoder
	// AppendRecords appends to dst, within its capacity, the records of the
	// first n payloads of batch, none of which has a Rest. It leaves the others
	// to Encode: from the first one that does not fit, cannot be shown or takes more thought.
	AppendRecords(dst []byte, batch []frame.Payload) (records []byte, n int)
}

// A Format is one way to write messages as records.
type Format struct {
	Name string
	// Summary says in a few words what a record is, for help texts.
	Summary string
	// Streams says that payloads pass unseen: the Encoder is a Streamer and
	// takes a Payload that has a Rest. Every other Encoder is given whole ones.
	Streams bool
	// Delimited says that Options.Delimiter has a meaning here.
	Delimited bool

	// NewDecoder reads records from src, in large pieces and through no other buffer.
	NewDecoder func(src io.Reader, o Options) Decoder
	NewEncoder func(o Options) Encoder
	// Message gives the payload that text stands for when it is exactly one record,
	// whatever delimiters it holds. The error is a *RecordError.
	Message func(text string, o Options) ([]byte, error)
}

// Formats lists every format, the default first.
func Formats() []Format {
	return []Format{jsonFormat, textFormat, rawFormat, base64Format, hexFormat, frameFormat, wholeFormat}
}

// Names lists the names of all formats, the default first.
func Names() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// Find gives the format called name.
func Find(name string) (Format, error) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, fmt.Errorf("unknown format %q: one of %s", name, strings.Join(Names(), ", "))
	}
	return all[i], nil
}
