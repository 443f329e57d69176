package frame

import "fmt"

// A TornError says that the stream ended inside a frame.
type TornError struct {
	// Frame counts from 1.
	Frame int64
	// Got of the Want bytes of the frame's payload, or of its header where
	// InHeader is true, had arrived.
	Got, Want int64
	InHeader  bool
}

func (e *TornError) Error() string {
	part := "payload"
	if e.InHeader {
		part = "header"
	}
	return fmt.Sprintf("the stream ended inside message %d, after %d of the %d bytes of its %s", e.Frame, e.Got, e.Want, part)
}

// A MagicError says that a frame does not begin with Magic.
type MagicError struct {
	// Offset is where in the stream the wrong byte stands, counted from 0.
	Offset int64
	// Start is what has arrived from there on, cut after a few bytes.
	Start []byte
}

func (e *MagicError) Error() string {
	return fmt.Sprintf("byte %d of the stream is 0x%02x where a frame begins with 0x%02x: this looks like %s",
		e.Offset, e.Start[0], Magic, resemblance(e.Start))
}

// A SizeError says that a payload is larger than what is allowed.
type SizeError struct {
	// Frame counts from 1.
	Frame       int64
	Size, Limit int64
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("message %d has %d bytes and the limit is %s (raise it with --max-message-size)",
		e.Frame, e.Size, FormatSize(e.Limit))
}

// FormatSize writes a number of bytes as people do, exact where it is round: 64 MiB.
func FormatSize(n int64) string {
	unit := 0
	for n != 0 && n%1024 == 0 && unit < len(units)-1 {
		n /= 1024
		unit++
	}
	return fmt.Sprintf("%d %s", n, units[unit])
}

var units = []string{"bytes", "KiB", "MiB", "GiB"}

// A RestError says that a payload broke off because what was yet to come could
// not be read. Whoever was being sent the payload is left with half a frame.
type RestError struct{ Err error }

func (e *RestError) Error() string { return e.Err.Error() }
func (e *RestError) Unwrap() error { return e.Err }
