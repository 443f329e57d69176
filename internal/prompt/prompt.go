// Package prompt is for a person at a terminal: it reads what is typed with
// a line editor, hands on what is whole and right, and shows what arrives
// above the line that is being typed. It knows terminals, and no sockets.
package prompt

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ergochat/readline"

	"ductworks/internal/format"
)

// Options are what a prompt needs to know.
type Options struct {
	// In and Out are the two sides of one terminal.
	In, Out *os.File
	// Check finds out whether text, whose lines each end in a newline, is whole
	// records. The error is as that of format.Check.
	Check func(text []byte) error
	// Delimiter ends each line that is handed on.
	Delimiter string
	// Explain is told why what was typed is not handed on.
	Explain func(error)
	// History keeps lines for later. Nil keeps none.
	History *History
	// Colour shows the prompt and the mark of what arrives in colour.
	Colour bool
}

// A Prompt is the terminal of a conversation. Read is for one goroutine;
// Write and Close may be called by any others meanwhile.
type Prompt struct {
	Options
	text []byte     // that has been accepted and not been read yet
	turn sync.Mutex // held while a line is typed

	mu      sync.Mutex
	modes   modes
	editor  *readline.Instance // from the first Read on
	above   []byte             // what the editor is to print
	resized func()             // tells the editor of a new size
	unwatch func()
	closed  bool
}

// New makes a prompt. The terminal is left as it is until the first Read.
func New(o Options) *Prompt {
	return &Prompt{Options: o, modes: modes{fd: int(o.In.Fd())}}
}

// Read waits until something has been typed that is whole records, and gives
// that. What is wrong is explained, and can be had back from the history. It
// returns io.EOF once there will be no more: Ctrl-D was typed, or Close called.
func (p *Prompt) Read(b []byte) (int, error) {
	if len(p.text) == 0 {
		if err := p.accept(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.text)
	p.text = p.text[n:]
	return n, nil
}

// accept gets text.
func (p *Prompt) accept() error {
	editor, err := p.begin()
	if err != nil {
		return err
	}
	for len(p.text) == 0 {
		typed, err := p.record(editor)
		if err != nil {
			p.Close()
			return err
		}
		p.text = []byte(typed)
	}
	return nil
}

// record lets one record, or more of them on a line, be typed. It is empty
// where there is nothing to hand on.
func (p *Prompt) record(editor *readline.Instance) (string, error) {
	var lines []string
	for {
		line, err := p.line(editor, len(lines) > 0)
		switch {
		case err != nil && len(lines) > 0 && !p.Closed():
			p.Explain(errors.New("the unfinished record is dropped (Ctrl-D again ends sending)"))
			return "", nil
		case err != nil:
			return "", err
		}
		lines = append(lines, line)
		switch err := p.check(lines); {
		case err == nil:
			p.remember(editor, lines)
			return strings.Join(lines, "\n") + p.Delimiter, nil
		case isUnfinished(err):
		default:
			p.remember(editor, lines)
			p.Explain(err)
			return "", nil
		}
	}
}

// line lets a line be typed.
func (p *Prompt) line(editor *readline.Instance, goesOn bool) (string, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	if p.Closed() {
		return "", io.EOF
	}
	editor.SetPrompt(p.signs().prompt(goesOn))
	line, err := editor.ReadLine()
	if err == nil && p.Closed() { // which handed in what stood there
		err = io.EOF
	}
	return line, err
}

// check is Check for what was typed, in the words of a person who sees it.
func (p *Prompt) check(lines []string) error {
	text := strings.Join(lines, "\n") + "\n"
	if strings.ContainsRune(text, utf8.RuneError) {
		return &format.RecordError{
			Reason: "the terminal has sent bytes that are not UTF-8",
			Hint:   "-f hex and -f base64 send any bytes",
		}
	}
	err := p.Check([]byte(text))
	var wrong *format.RecordError
	if errors.As(err, &wrong) && len(lines) == 1 {
		here := *wrong
		here.Where = ""
		return &here
	}
	return err
}

func isUnfinished(err error) bool {
	var wrong *format.RecordError
	return errors.As(err, &wrong) && wrong.Unfinished
}

// remember keeps in the history what was typed, on one line.
func (p *Prompt) remember(editor *readline.Instance, lines []string) {
	entry := strings.TrimSpace(strings.Join(lines, " "))
	if entry == "" {
		return
	}
	editor.SaveToHistory(entry)
	if p.History != nil {
		p.History.add(entry)
	}
}

// Write shows text, which is whole lines, above the line that is being typed.
func (p *Prompt) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.editor == nil {
		return p.Out.Write(text)
	}
	p.above = text
	// The editor would take what it prints apart to find out where the cursor
	// is then. So it is shown nothing of it but the end of the last line.
	if _, err := p.editor.Stderr().Write([]byte{'\n'}); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Close gives the terminal back as it was found. What was being typed is lost
// as a record, and stays on the screen.
func (p *Prompt) Close() error {
	p.mu.Lock()
	editor, closed := p.editor, p.closed
	p.closed = true
	p.mu.Unlock()
	if editor == nil || closed {
		return nil
	}
	editor.Close()
	p.turn.Lock()
	defer p.turn.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unwatch()
	return p.modes.leave()
}

// Closed says whether there is no more to be read: Ctrl-D was typed, or Close called.
func (p *Prompt) Closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}
