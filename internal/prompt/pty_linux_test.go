package prompt

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A person sits at the other side of a terminal.
type person struct {
	t        *testing.T
	keyboard *os.File
	terminal *os.File

	mu   sync.Mutex
	seen strings.Builder // everything that the terminal was sent
}

func newPerson(t *testing.T) *person {
	t.Helper()
	p := &person{t: t}
	p.keyboard, p.terminal = openTerminal(t)
	done := make(chan struct{})
	go p.look(done)
	t.Cleanup(func() {
		p.keyboard.Close()
		<-done
		p.terminal.Close()
	})
	return p
}

func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	// With O_NONBLOCK, Close ends a Read that waits.
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

func (p *person) look(done chan struct{}) {
	defer close(done)
	b := make([]byte, 4096)
	for {
		n, err := p.keyboard.Read(b)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.seen.Write(b[:n])
		p.mu.Unlock()
	}
}

func (p *person) types(keys string) {
	p.t.Helper()
	if _, err := p.keyboard.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// sees waits until text is on what the terminal was sent.
func (p *person) sees(text string) {
	p.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(p.screen(), text) {
		if time.Now().After(deadline) {
			p.t.Fatalf("never seen: %q; but: %q", text, p.screen())
		}
		time.Sleep(time.Millisecond)
	}
}

func (p *person) screen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.String()
}

func (p *person) modes() unix.Termios {
	p.t.Helper()
	m, err := unix.IoctlGetTermios(int(p.terminal.Fd()), getTermios)
	if err != nil {
		p.t.Fatal(err)
	}
	return *m
}
