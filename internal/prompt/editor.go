package prompt

import (
	"io"
	"sync/atomic"

	"github.com/ergochat/readline"
	"golang.org/x/term"
)

// begin gives the editor, which takes hold of the terminal in the first call.
func (p *Prompt) begin() (*readline.Instance, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, io.EOF
	case p.editor != nil:
		return p.editor, nil
	}
	if err := p.modes.enter(); err != nil {
		return nil, err
	}
	editor, err := readline.NewFromConfig(p.config())
	if err != nil {
		p.modes.leave()
		return nil, err
	}
	for _, entry := range p.History.all() {
		editor.SaveToHistory(entry)
	}
	p.editor, p.unwatch = editor, p.watch()
	return editor, nil
}

func (p *Prompt) config() *readline.Config {
	line := &lineOfTerminal{in: p.In, out: p.Out}
	return &readline.Config{
		HistoryLimit:           historyLimit,
		HistorySearchFold:      true,
		DisableAutoSaveHistory: true, // it would keep each line of a record
		Undo:                   true,
		Listener:               line.expand,

		Stdin:  line,
		Stdout: line,
		Stderr: writerFunc(func([]byte) (int, error) { return p.Out.Write(p.above) }),

		FuncIsTerminal: func() bool { return true },
		// The modes stay as they are between two lines: what is typed there
		// must be neither echoed nor acted upon.
		FuncMakeRaw:        func() error { return nil },
		FuncExitRaw:        func() error { return nil },
		FuncGetSize:        p.size,
		FuncOnWidthChanged: func(resized func()) { p.resized = resized },
	}
}

func (p *Prompt) size() (width, height int) {
	width, height, err := term.GetSize(int(p.Out.Fd()))
	if err != nil {
		return -1, -1
	}
	return width, height
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

const (
	askCursor = "\x1b[6n"   // where is the cursor?
	atMargin  = "\x1b[1;1R" // in the first column
)

// lineOfTerminal is the terminal as the editor sees it. Before each line the
// editor asks the terminal where the cursor is, and waits for the answer. That
// would come behind all that has been typed or pasted ahead, and from some
// terminals never. The cursor is at the margin, since whole lines alone are
// printed. So that is the answer, given here.
type lineOfTerminal struct {
	in    io.Reader
	out   io.Writer
	asked atomic.Bool
	pastes
	ahead []byte // that has come, and the editor has not read
	buf   [4096]byte
}

func (l *lineOfTerminal) Write(b []byte) (int, error) {
	if string(b) == askCursor {
		l.asked.Store(true)
		return len(b), nil
	}
	return l.out.Write(b)
}

func (l *lineOfTerminal) Read(b []byte) (int, error) {
	if l.asked.Swap(false) {
		return copy(b, atMargin), nil
	}
	for len(l.ahead) == 0 {
		n, err := l.in.Read(l.buf[:])
		if err != nil {
			return 0, err
		}
		l.ahead = l.shorten(l.ahead[:0], l.buf[:n])
	}
	n := copy(b, l.ahead)
	l.ahead = l.ahead[n:]
	return n, nil
}
