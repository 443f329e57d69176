//go:build unix

package prompt

import "golang.org/x/sys/unix"

// modes are those of a terminal.
type modes struct {
	fd    int
	found *unix.Termios // before enter, nil once they are back
}

// enter lets every key come through at once and unseen, but for those that
// make a signal: Ctrl-C, Ctrl-\ and Ctrl-Z do what they always do.
func (m *modes) enter() error {
	found, err := unix.IoctlGetTermios(m.fd, getTermios)
	if err != nil {
		return err
	}
	typing := *found
	typing.Lflag &^= unix.ICANON | unix.ECHO | unix.ECHONL | unix.IEXTEN
	typing.Iflag &^= unix.IXON | unix.ICRNL | unix.INLCR | unix.IGNCR
	typing.Cc[unix.VMIN], typing.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(m.fd, setTermios, &typing); err != nil {
		return err
	}
	m.found = found
	return nil
}

func (m *modes) entered() bool { return m.found != nil }

// leave brings back the modes that enter found.
func (m *modes) leave() error {
	if m.found == nil {
		return nil
	}
	found := m.found
	m.found = nil
	return unix.IoctlSetTermios(m.fd, setTermios, found)
}
