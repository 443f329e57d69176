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
	// InTerminal and OutTerminal say whether a person sits there.
	InTerminal, OutTerminal bool

	mu sync.Mutex // of Err: a line is written at once
}

// SystemStreams are those of the process.
func SystemStreams() *Streams {
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  isatty.IsTerminal(os.Stdin.Fd()),
		OutTerminal: isatty.IsTerminal(os.Stdout.Fd()),
	}
}

// say writes one line to stderr. What it quotes may come from a peer, so
// nothing in it can move a terminal's cursor or break the line.
func (s *Streams) say(format_ string, args ...any) {
	s.print("ductworks: " + format.Escape(fmt.Sprintf(format_, args...)) + "\n")
}

// print writes text to stderr in one piece.
func (s *Streams) print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Err.WriteString(text)
}
