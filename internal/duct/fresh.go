package duct

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ListenFresh listens on a socket that nobody else can reach or guess: "duct"
// in a new directory "ductworks-…" of mode 0700, in the first of dirs that is
// writable and short enough. Close removes both. Empty dirs are passed over.
//
// The error is an *UnavailableError that says what each of them lacks.
func ListenFresh(dirs []string, o ListenOptions) (*Listener, error) {
	var failures []error
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		l, err := listenFreshIn(dir, o)
		if err == nil {
			return l, nil
		}
		failures = append(failures, err)
	}
	if failures == nil {
		failures = []error{errors.New("no directory was given")}
	}
	return nil, &UnavailableError{Doing: "make a fresh socket", Err: oneLine(failures),
		Hint: "name an address, or set TMPDIR to a short path that is writable"}
}

// listenFreshIn makes the directory below dir and listens in it.
func listenFreshIn(dir string, o ListenOptions) (*Listener, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	private, err := os.MkdirTemp(dir, "ductworks-*")
	if err != nil {
		return nil, err
	}
	l, err := listenPrivate(private, o)
	if err != nil {
		os.Remove(private)
		return nil, err
	}
	removeSocket := l.remove
	l.remove = func() error { return cmp.Or(removeSocket(), removeEmpty(private)) }
	return l, nil
}

func listenPrivate(private string, o ListenOptions) (*Listener, error) {
	a, err := ParseAddress("unix:" + filepath.Join(private, "duct"))
	if err != nil {
		return nil, err
	}
	return Listen(a, o)
}

func removeEmpty(dir string) error {
	if err := os.Remove(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// oneLine joins errors into one that is of no kind of its own: a directory
// that is too long a path here is no mistake in an address of the caller's.
func oneLine(errs []error) error {
	var words []string
	for _, err := range errs {
		words = append(words, err.Error())
	}
	return errors.New(strings.Join(words, "; "))
}
