package cmd

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/mattn/go-isatty"

	"ductworks/internal/format"
)

// Streams are the standard streams of a run, and what is known of them.
type Streams struct {
	In, Out, Err *os.File
	// InTerminal, OutTerminal and ErrTerminal say whether a person sits there.
	InTerminal, OutTerminal, ErrTerminal bool
	// Dumb says that a terminal can do nothing but print, Colourless that its
	// user wants no colours.
	Dumb, Colourless bool

	color whenValue // the --color flag

	mu     sync.Mutex // of Err: a line is written at once
	status string     // the last line, without a newline, drawn anew below all others
	screen io.Writer  // the terminal, while a line is typed there, else nil
}

// SystemStreams are those of the process.
func SystemStreams() *Streams {
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  isatty.IsTerminal(os.Stdin.Fd()),
		OutTerminal: isatty.IsTerminal(os.Stdout.Fd()),
		ErrTerminal: isatty.IsTerminal(os.Stderr.Fd()),
		Dumb:        isDumb(os.Getenv("TERM")),
		Colourless:  os.Getenv("NO_COLOR") != "",
	}
}

// isDumb says whether a terminal of this name can do nothing but print. On
// Windows a terminal has no name.
func isDumb(name string) bool {
	return name == "dumb" || name == "" && runtime.GOOS != "windows"
}

// prompts says whether a person can be given a prompt.
func (s *Streams) prompts() bool { return s.InTerminal && s.OutTerminal && !s.Dumb }

// colours says whether what goes to one of the streams is coloured.
func (s *Streams) colours(terminal bool) bool {
	return s.color.or(terminal && !s.Dumb && !s.Colourless)
}

// say writes one line to stderr. What it quotes may come from a peer, so
// nothing in it can move a terminal's cursor or break the line.
func (s *Streams) say(format_ string, args ...any) {
	s.print(speaker + safely(format_, args...) + "\n")
}

// complain says what went wrong, as say does, and in colour.
func (s *Streams) complain(err error) {
	prefix := speaker
	if s.colours(s.ErrTerminal) {
		prefix = "\x1b[31m" + speaker + "\x1b[0m"
	}
	s.print(prefix + safely("%v", err) + "\n")
}

const speaker = "ductworks: "

func safely(format_ string, args ...any) string {
	return format.Escape(fmt.Sprintf(format_, args...))
}

// print writes text, which ends in a newline, to stderr in one piece.
func (s *Streams) print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.screen != nil && s.ErrTerminal {
		io.WriteString(s.screen, text)
		return
	}
	if s.status != "" {
		text = clearLine + text + s.status
	}
	s.Err.WriteString(text)
}

// setScreen makes what is said from now on go through screen where stderr is
// a terminal: the one on which a line is being typed.
func (s *Streams) setScreen(screen io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.screen = screen
}

// clearLine takes a terminal's cursor to the beginning of its line and clears that.
const clearLine = "\r\x1b[K"

// setStatus draws a line in the place of the one before. What is said from
// then on appears above it. An empty one leaves nothing behind. Where a line is
// being typed, there is no place for it.
func (s *Streams) setStatus(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.screen != nil {
		return
	}
	if line != s.status {
		s.Err.WriteString(clearLine + line)
	}
	s.status = line
}
