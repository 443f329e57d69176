// Package child starts programs, follows them to their end and signals them.
package child

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A MissingError says that there is no such program.
type MissingError struct{ Name string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("cannot run %s: there is no such program", e.Name)
}

// An UnrunnableError says that a program is there and cannot be executed.
type UnrunnableError struct {
	Name string
	Err  error
}

func (e *UnrunnableError) Error() string { return fmt.Sprintf("cannot run %s: %v", e.Name, e.Err) }
func (e *UnrunnableError) Unwrap() error { return e.Err }

// Look finds the program called name as a shell does, searchPath being its
// $PATH. The error is a *MissingError or an *UnrunnableError.
func Look(name, searchPath string) (path string, err error) {
	path, err = exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, exec.ErrDot):
		return "", &UnrunnableError{name, errors.New("it is found in the current folder only (say ./" + name + ")")}
	case errors.Is(err, fs.ErrPermission), isFile(name, searchPath):
		return "", &UnrunnableError{name, fs.ErrPermission}
	}
	return "", &MissingError{name}
}

// isFile says whether name is a file all the same, one that lacks its
// executable bit.
func isFile(name, searchPath string) bool {
	if name != filepath.Base(name) {
		return exists(name)
	}
	for _, dir := range filepath.SplitList(searchPath) {
		if exists(filepath.Join(dir, name)) {
			return true
		}
	}
	return false
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A Spec says what to start and with what in its hands.
type Spec struct {
	// Path is what Look has found, Args the arguments with the name first.
	Path string
	Args []string
	// Env is the whole environment.
	Env []string
	// Stdin, Stdout and Stderr are the program's; nil is the null device.
	Stdin, Stdout, Stderr *os.File
	// Files become the program's descriptors from 3 on.
	Files []*os.File
}

// A Process is a program that was started.
type Process struct {
	cmd   *exec.Cmd
	group bool // whether it leads a process group of its own
	done  chan struct{}
}

// Start starts a program. With a controlling terminal it stays in our process
// group, so that it can ask the user; otherwise it gets one of its own, which
// can be signalled as a whole. The caller closes its copies of the files.
func Start(s Spec) (*Process, error) {
	p := &Process{group: !hasTerminal(), done: make(chan struct{})}
	p.cmd = &exec.Cmd{Path: s.Path, Args: s.Args, Env: s.Env, ExtraFiles: s.Files}
	// A nil *os.File is not a nil interface.
	if s.Stdin != nil {
		p.cmd.Stdin = s.Stdin
	}
	if s.Stdout != nil {
		p.cmd.Stdout = s.Stdout
	}
	if s.Stderr != nil {
		p.cmd.Stderr = s.Stderr
	}
	if p.group {
		p.cmd.SysProcAttr = ownGroup()
	}
	keepInherited()
	if err := p.cmd.Start(); err != nil {
		return nil, startError(s.Args[0], err)
	}
	go func() {
		defer close(p.done)
		p.cmd.Wait()
	}()
	return p, nil
}

func startError(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &UnrunnableError{name, errors.New("the interpreter that it names is missing")}
	}
	return &UnrunnableError{name, err}
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Status waits for the program's end and gives its exit status, 128+N where
// signal N has ended it.
func (p *Process) Status() int {
	<-p.done
	return status(p.cmd.ProcessState)
}

// Stop sends the signal sig to the program and to all in its group, and after
// grace kills what is left. It returns when the program has ended.
func (p *Process) Stop(sig syscall.Signal, grace time.Duration) {
	p.signal(sig)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.signal(syscall.SIGKILL)
		<-p.done
	}
}
