package frame

import "io"

// A Payload is what one message carries: 0 to MaxPayload bytes.
//
// A small payload is whole in Bytes. A large one may still be on its way: then
// Rest is not nil, Bytes holds the beginning that has been read already, and
// the Rest.N bytes that follow it are to be read from Rest, all of them, before
// its source is asked for the next payload.
//
// Bytes belongs to the source that gave the payload and is valid until the
// source's next call.
type Payload struct {
	Bytes []byte
	Rest  *io.LimitedReader
}

// Size is the payload's length in bytes, what is yet to come included.
func (p Payload) Size() int64 {
	if p.Rest == nil {
		return int64(len(p.Bytes))
	}
	return int64(len(p.Bytes)) + p.Rest.N
}

// A Detour is what the Rest of a Reader's payload reads from. The rest can be
// moved straight from Source too, past the Reader. Whoever does so calls Moved.
type Detour interface {
	io.Reader
	// Source is the Reader's own source.
	Source() io.Reader
	// Moved accounts for n bytes of the payload that were moved from Source,
	// and for the error that ended that, if one did; io.ErrUnexpectedEOF is
	// the end of the stream. It gives the error as Next would, and lowers the
	// N of the Rest.
	Moved(n int64, err error) error
}
