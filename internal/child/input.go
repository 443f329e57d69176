package child

import (
	"os"
	"sync"
)

// An Input is the writing end of a program's stdin.
type Input struct {
	*os.File
	close sync.Once
	rest  *os.File // the reading end, from Close on
}

// InputPipe gives a pipe: out is for the program and to be closed once it has
// been started.
func InputPipe() (in *Input, out *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return &Input{File: w}, r, nil
}

// Close lets the program read the end of its stdin. It may be called more than once.
func (i *Input) Close() (err error) {
	i.close.Do(func() {
		// What the program leaves unread is known when it has ended, and then
		// only to those who hold the pipe.
		i.rest, _ = openReader(i.File)
		err = i.File.Close()
	})
	return err
}

// Unread says, once, how many bytes a program that has ended did not read
// before that. It is called after Close, and is 0 where the system cannot tell.
func (i *Input) Unread() int64 {
	if i.rest == nil {
		return 0
	}
	defer i.rest.Close()
	return unread(i.rest)
}
