//go:build unix

package prompt

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// resumeGrace is how long it takes at most until a stop that was asked for has
// come. In a process group that nobody could continue, it never comes.
const resumeGrace = 100 * time.Millisecond

// watch gives the terminal back for as long as the process is stopped by
// Ctrl-Z, and draws the line anew when the terminal's size has changed. The
// function that it returns, which is called with mu held, ends that.
func (p *Prompt) watch() (unwatch func()) {
	stops, sizes := make(chan os.Signal, 1), make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGTSTP) {
		signal.Notify(stops, syscall.SIGTSTP)
	}
	signal.Notify(sizes, syscall.SIGWINCH)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-stops:
				p.suspend()
			case <-sizes:
				p.resize()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(stops)
		signal.Stop(sizes)
		close(done)
	}
}

// suspend stops the process, and brings back the line when it goes on.
func (p *Prompt) suspend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.modes.entered() {
		return // closed, between the signal and now
	}
	p.modes.leave()
	stop()
	if p.modes.enter() == nil {
		p.editor.Refresh()
	}
}

// stop stops the process, and returns when it goes on. SIGTSTP would not do
// it: what the Go runtime has once caught, it does not give back to the system.
// SIGTTIN has the same effect.
func stop() {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	syscall.Kill(os.Getpid(), syscall.SIGTTIN)
	select {
	case <-goesOn:
	case <-time.After(resumeGrace):
	}
}

func (p *Prompt) resize() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.modes.entered() {
		p.resized()
		p.editor.Refresh()
	}
}
