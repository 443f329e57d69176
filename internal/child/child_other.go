//go:build !unix

package child

import (
	"os"
	"syscall"
)

// hasTerminal keeps children where they are: there are no process groups here.
func hasTerminal() bool { return true }

// keepInherited has nothing to keep: children inherit what they are given.
func keepInherited() {}

func ownGroup() *syscall.SysProcAttr { return nil }

// signal kills, the only signal that there is here.
func (p *Process) signal(syscall.Signal) { p.cmd.Process.Kill() }

func status(s *os.ProcessState) int { return s.ExitCode() }
