package child

import (
	"errors"
	"os"
	"time"
)

// An Output is the reading end of a program's stdout.
type Output struct{ *os.File }

// OutputPipe gives a pipe: in is for the program and to be closed once it has
// been started.
func OutputPipe() (out *Output, in *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return &Output{r}, w, nil
}

// Drain makes Read end with io.EOF once it has given what is in the pipe now,
// whoever else may still hold the pipe's other end.
func (o *Output) Drain() {
	if o.SetReadDeadline(time.Unix(1, 0)) != nil {
		o.Close()
	}
}

// Read waits for what the program prints, until Drain.
func (o *Output) Read(p []byte) (int, error) {
	n, err := o.File.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return o.readNow(p)
	}
	return n, err
}
