package cmd

import (
	"os"
	"time"

	"golang.org/x/term"

	"ductworks/internal/relay"
)

const (
	// progressStep is how often progress is drawn anew.
	progressStep = 100 * time.Millisecond
	// progressDelay keeps what is over in a moment from flickering, where
	// nobody has asked for its progress.
	progressDelay = 500 * time.Millisecond
	// usualWidth is that of a terminal of which nothing is known.
	usualWidth = 80
)

// showsProgress says whether progress is shown. By default that is where
// a person looks at stderr, and neither types nor reads the messages.
func (v *seeing) showsProgress(a *app) bool {
	s := a.streams
	return !a.quiet && v.progress.or(s.ErrTerminal && !s.InTerminal && !s.OutTerminal)
}

// followProgress shows what a conversation has carried. It draws in a goroutine
// of its own, and reads counters that are there in any case. near is the end
// whose file's share is shown. The function that it returns ends that.
func (v *seeing) followProgress(a *app, near *relay.End, soFar func() relay.Result) (stop func()) {
	p := &progress{soFar: soFar, start: time.Now(), input: newFileShare(near)}
	draw := func() { a.streams.setStatus(p.line(time.Now(), widthOf(a.streams.Err))) }
	delay := progressDelay
	if v.progress.when == whenAlways {
		draw()
		delay = progressStep
	}
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer a.streams.setStatus("")
		next := time.After(delay)
		for {
			select {
			case <-next:
				draw()
				next = time.After(progressStep)
			case <-stopped:
				return
			}
		}
	}()
	return func() { close(stopped); <-done }
}

// widthOf is how many columns a terminal has.
func widthOf(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return usualWidth
}
