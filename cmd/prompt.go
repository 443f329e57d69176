package cmd

import (
	"context"
	"os"
	"path/filepath"
	"runtime"

	"ductworks/internal/format"
	"ductworks/internal/prompt"
	"ductworks/internal/relay"
)

// A table is where a person sits who talks by hand, or nobody: our stdin and
// stdout as a conversation's end, with a prompt where there is a terminal.
type table struct {
	in     relay.Input
	out    relay.Output
	prompt *prompt.Prompt // nil where there is none
	leave  func()         // gives the terminal back
}

// sitDown takes stdin and stdout. They are given back by leave, and as soon as ctx ends.
func (s *session) sitDown(ctx context.Context, check checker) *table {
	t := &table{leave: func() {}}
	t.in, t.out = stdio(&s.messageFlags, &s.endingFlags, s.payloads, s.streams)
	if t.in.Reader == nil || s.in.Streams || s.out.Streams || !s.streams.prompts() {
		return t
	}
	p := s.newPrompt(check)
	t.prompt = p
	t.in.Reader, t.in.Close = p, p.Close
	if t.out.Writer != nil {
		t.out.Writer, t.out.Encoder = p, p.Mark(t.out.Encoder)
	}
	s.streams.setScreen(p)
	stop := context.AfterFunc(ctx, func() { p.Close() })
	t.leave = func() {
		stop()
		p.Close()
	}
	return t
}

// talks says whether there is a person who has not ended sending.
func (t *table) talks() bool { return t.prompt != nil && !t.prompt.Closed() }

// A checker finds out whether text is nothing but whole records of the input.
type checker func(text []byte, o format.Options) error

// checkRecords is the checker of the format of the input.
func (s *session) checkRecords(text []byte, o format.Options) error {
	return format.Check(s.in.Format, text, o)
}

func (s *session) newPrompt(check checker) *prompt.Prompt {
	o := s.messageFlags.options()
	return prompt.New(prompt.Options{
		In: s.streams.In, Out: s.streams.Out,
		Check:     func(text []byte) error { return check(text, o) },
		Delimiter: s.delimiterOfLines(),
		Explain:   s.report,
		History:   s.openHistory(),
		Colour:    s.streams.colours(s.streams.OutTerminal),
	})
}

// delimiterOfLines ends a line that was typed.
func (s *session) delimiterOfLines() string {
	if d := s.messageFlags.options().Delimiter; len(d) > 0 && s.in.Delimited {
		return string(d)
	}
	return "\n"
}

// openHistory opens what was typed in earlier runs. Without it everything else works.
func (a *app) openHistory() *prompt.History {
	folder, err := stateFolder()
	if err == nil {
		var h *prompt.History
		failed := func(err error) { a.detail("%v", err) }
		if h, err = prompt.OpenHistory(filepath.Join(folder, "ductworks", "history"), failed); err == nil {
			return h
		}
	}
	a.detail("%v", err)
	return nil
}

// stateFolder is where a user's programs keep what should outlive a run, and
// is neither configuration nor worth a backup.
func stateFolder() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	switch runtime.GOOS {
	case "windows":
		return os.UserCacheDir() // that of local application data
	case "darwin":
		return os.UserConfigDir() // ~/Library/Application Support
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state"), err
}
