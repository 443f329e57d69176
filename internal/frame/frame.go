// Package frame is the codec of the wire: messages as they travel between two
// ends of a duct. It speaks io.Reader and io.Writer alone.
//
// A frame is the byte 0x54, the payload's length as a 32-bit unsigned
// big-endian number, and the payload. There is no handshake and no
// end-of-stream mark. These are the facts of the Python library "ductworks"
// (github.com/cope-systems/ductworks, 0.0.1a4), whose wire this is.
package frame

import "encoding/binary"

const (
	// Magic is the first byte of every frame.
	Magic = 0x54
	// HeaderSize is the length in bytes of what stands before a payload.
	HeaderSize = 5
	// MaxPayload is the largest payload in bytes that a header can announce.
	MaxPayload int64 = 1<<32 - 1
)

// bufferSize holds a few thousand small frames, so that one system call moves
// them all; larger ones measured no faster.
const bufferSize = 256 << 10

// AppendHeader appends the header of a payload of size bytes, at most
// MaxPayload, to dst.
func AppendHeader(dst []byte, size int64) []byte {
	return binary.BigEndian.AppendUint32(append(dst, Magic), uint32(size))
}
