package relay

import (
	"bytes"
	"errors"
	"io"
	"os"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// holdAbove is the size in bytes above which it pays to keep a payload out of
// the process that is to be there whole before any of it is passed on.
const holdAbove = 128 << 10

// A holder keeps the rest of a payload until all of it has come: most of it with
// the system. It is then read, or moved to a file.
type holder struct {
	pipe *duct.Hold
	tail bytes.Buffer // what the system had no room for
}

// newHolder gives nil where payloads do not stream, and where there is no way
// past the process.
func newHolder(from, to *End) *holder {
	sink, ofRecords := to.Sink.(*recordSink)
	if from.duct == nil || !from.duct.stream || from.Tap != nil || !ofRecords || sink.out.Forgiving {
		return nil
	}
	f, isFile := sink.out.Writer.(*os.File)
	if !isFile {
		return nil
	}
	pipe, err := duct.NewHold(from.duct.conn, f)
	if err != nil {
		return nil
	}
	return &holder{pipe: pipe}
}

func (h *holder) Read(p []byte) (int, error) {
	n, err := h.pipe.Read(p)
	if err == io.EOF {
		return h.tail.Read(p)
	}
	return n, err
}

// moveTo moves all that is kept to f.
func (h *holder) moveTo(f *os.File) (int64, error) {
	moved, err := h.pipe.MoveTo(f)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return moved, err
	}
	copied, err := io.Copy(f, h)
	if err != nil {
		err = &duct.SinkError{Err: err}
	}
	return moved + copied, err
}

// giveBack gives back what the holder has of the system.
func (l *lane) giveBack() {
	if l.holder != nil {
		l.holder.pipe.Close()
	}
}

// hold takes the rest of a payload off the source.
func (l *lane) hold(p *frame.Payload) error {
	size, rest := p.Rest.N, p.Rest
	if err := l.fillHolder(rest); err != nil {
		return err
	}
	if rest.N > 0 {
		// The lane also knows what the end of its source means.
		if err := frame.Copy(&l.holder.tail, rest, make([]byte, outputBuffer)); err != nil {
			return l.sourceError(err)
		}
	}
	p.Rest = &io.LimitedReader{R: l.holder, N: size}
	return nil
}

// fillHolder moves what there is room for with the system, as Read reads. That the
// source has ended before that is found again, and makes it a torn message however it did.
func (l *lane) fillHolder(rest *io.LimitedReader) error {
	if err := l.to.Sink.Flush(); err != nil {
		return l.sinkError(err)
	}
	if !l.park() {
		return errStopped
	}
	n, _ := l.holder.pipe.Fill(rest.N)
	if !l.unpark() {
		return errStopped
	}
	return rest.R.(frame.Detour).Moved(n, nil)
}
