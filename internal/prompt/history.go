package prompt

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// historyLimit is how many entries are kept.
	historyLimit = 1000
	// entryLimit is the size in bytes of the longest entry that is kept.
	entryLimit = 16 << 10
)

// A History is a file of what was typed, one entry a line, that outlives the
// process. Several processes may add to it at once.
type History struct {
	path    string
	entries []string // the oldest first
	failed  func(error)
}

// OpenHistory reads the history at path, or makes a new one there: a file that
// nobody else can read, for it may hold secrets. failed is told, once, of an
// entry that could not be added.
func OpenHistory(path string, failed func(error)) (*History, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("no history: %w", err)
	}
	f, err := openPrivate(path, os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("no history: %w", err)
	}
	defer f.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(f); err != nil {
		return nil, fmt.Errorf("no history: %w", err)
	}
	h := &History{path: path, failed: failed}
	h.entries = slices.DeleteFunc(strings.Split(text.String(), "\n"), func(s string) bool { return s == "" })
	if n := len(h.entries); n > historyLimit {
		h.entries = slices.Clone(h.entries[n-historyLimit:])
		if n > 2*historyLimit {
			return h, h.rewrite()
		}
	}
	return h, nil
}

func openPrivate(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := makePrivate(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// makePrivate takes a file from all others, and refuses what is none, such as
// a link to /dev/null by which a person says that no history is wanted.
func makePrivate(f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", f.Name())
	case info.Mode().Perm()&0o077 == 0:
		return nil
	}
	return f.Chmod(0o600)
}

// rewrite makes the file no longer than entries.
func (h *History) rewrite() error {
	f, err := os.CreateTemp(filepath.Dir(h.path), "history-") // with mode 0600
	if err != nil {
		return fmt.Errorf("the history cannot be cut: %w", err)
	}
	_, err = f.WriteString(strings.Join(h.entries, "\n") + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), h.path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("the history cannot be cut: %w", err)
	}
	return nil
}

// all gives the entries, the oldest first. A nil History has none.
func (h *History) all() []string {
	if h == nil {
		return nil
	}
	return h.entries
}

// add adds an entry, which is one line, unless it is the latest already.
func (h *History) add(entry string) {
	n := len(h.entries)
	if len(entry) > entryLimit || n > 0 && h.entries[n-1] == entry {
		return
	}
	h.entries = append(h.entries, entry)
	if err := h.write(entry); err != nil && h.failed != nil {
		h.failed(fmt.Errorf("the history cannot be added to: %w", err))
		h.failed = nil
	}
}

func (h *History) write(entry string) error {
	f, err := openPrivate(h.path, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return err
	}
	_, err = f.WriteString(entry + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
