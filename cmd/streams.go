package cmd

import (
	"fmt"
	"os"
	"sync"

	"github.com/mattn/go-isatty"

	"ductworks/internal/format"
)

// Streams are the standard streams of a run, and what is known of them.
type Streams struct {
	In, Out, Err *os.File
	// InTerminal, OutTerminal and ErrTerminal say whether a person sits there.
	InTerminal, OutTerminal, ErrTerminal bool

	mu     sync.Mutex // of Err: a line is written at once
	status string     // the last line, without a newline, drawn anew below all others
}

// SystemStreams are those of the process.
func SystemStreams() *Streams {
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  isatty.IsTerminal(os.Stdin.Fd()),
		OutTerminal: isatty.IsTerminal(os.Stdout.Fd()),
		ErrTerminal: isatty.IsTerminal(os.Stderr.Fd()),
	}
}

// say writes one line to stderr. What it quotes may come from a peer, so
// nothing in it can move a terminal's cursor or break the line.
func (s *Streams) say(format_ string, args ...any) {
	s.print("ductworks: " + format.Escape(fmt.Sprintf(format_, args...)) + "\n")
}

// print writes text, which ends in a newline, to stderr in one piece.
func (s *Streams) print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != "" {
		text = clearLine + text + s.status
	}
	s.Err.WriteString(text)
}

// clearLine takes a terminal's cursor to the beginning of its line and clears that.
const clearLine = "\r\x1b[K"

// setStatus draws a line in the place of the one before. What is said from
// then on appears above it. An empty one leaves nothing behind.
func (s *Streams) setStatus(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line != s.status {
		s.Err.WriteString(clearLine + line)
	}
	s.status = line
}
