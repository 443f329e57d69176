package relay

import (
	"errors"
	"io"
	"os"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// transfer moves what is yet to come of a payload to dst, without taking it
// into the process where the system can do that. The error is
// a *frame.RestError where the rest could not be read, else that of dst.
func transfer(dst io.Writer, rest *io.LimitedReader) error {
	moved := func(n int64, err error) error {
		rest.N -= n
		return err
	}
	src := rest.R
	if d, ok := src.(frame.Detour); ok {
		src, moved = d.Source(), d.Moved
	}
	l, isLane := src.(*lane)
	if isLane {
		if !l.park() {
			return &frame.RestError{Err: errStopped}
		}
		defer l.unpark()
		src = l.Source()
	}
	move := mover(dst, src)
	if move == nil {
		return frame.Copy(dst, rest, make([]byte, outputBuffer))
	}
	n, err := move(rest.N)
	var source *duct.SourceError
	var sink *duct.SinkError
	switch {
	case errors.As(err, &sink):
		moved(n, nil)
		return sink.Err
	case errors.As(err, &source) && isLane && (source.Err == io.ErrUnexpectedEOF || l.wasReset(source.Err)):
		// The lane knows what the end of its source means: let it read that.
		moved(n, nil)
		return frame.Copy(dst, rest, make([]byte, outputBuffer))
	case errors.As(err, &source):
		return &frame.RestError{Err: moved(n, source.Err)}
	}
	return moved(n, err)
}

// mover gives the way to move bytes from src to dst that the system has, or nil.
func mover(dst io.Writer, src io.Reader) func(n int64) (int64, error) {
	to, toDuct := dst.(duct.Conn)
	from, fromDuct := src.(duct.Conn)
	toFile, isFile := dst.(*os.File)
	fromFile, ofFile := src.(*os.File)
	held, isHeld := src.(*holder)
	switch {
	case isHeld && isFile:
		return func(int64) (int64, error) { return held.moveTo(toFile) }
	case fromDuct && toDuct:
		return func(n int64) (int64, error) { return duct.Forward(to, from, n) }
	case fromDuct && isFile:
		return func(n int64) (int64, error) { return duct.ReceiveFile(from, toFile, n) }
	case ofFile && toDuct:
		return func(n int64) (int64, error) { return duct.SendFile(to, fromFile, n) }
	}
	return nil
}
