package prompt

import "golang.org/x/sys/windows"

// modes are those of a console.
type modes struct {
	fd      int
	found   uint32 // before enter
	entered bool
}

// enter lets every key come through at once and unseen, but for Ctrl-C.
func (m *modes) enter() error {
	console := windows.Handle(m.fd)
	if err := windows.GetConsoleMode(console, &m.found); err != nil {
		return err
	}
	typing := m.found&^(windows.ENABLE_ECHO_INPUT|windows.ENABLE_LINE_INPUT) |
		windows.ENABLE_PROCESSED_INPUT | windows.ENABLE_VIRTUAL_TERMINAL_INPUT
	if err := windows.SetConsoleMode(console, typing); err != nil {
		return err
	}
	m.entered = true
	return nil
}

// leave brings back the modes that enter found.
func (m *modes) leave() error {
	if !m.entered {
		return nil
	}
	m.entered = false
	return windows.SetConsoleMode(windows.Handle(m.fd), m.found)
}
