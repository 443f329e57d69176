package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ductworks/internal/duct"
)

// announce makes an address known on which we listen: to the --address-file,
// and to the user where any part of it was our own choice.
func (l *listenOptions) announce(word string, address duct.Address) error {
	if l.addressFile != "" {
		if err := l.writeAddress(address.String() + "\n"); err != nil {
			return fmt.Errorf("--address-file %s: %w", l.addressFile, reason(err))
		}
	}
	if chosen(word) {
		l.note("listening on %s", address)
	}
	return nil
}

// chosen says whether the address that word asks for leaves a choice.
func chosen(word string) bool {
	if word == "" {
		return true
	}
	a, err := duct.ParseAddress(word)
	return err == nil && (a.Scheme() == duct.TCP || a.Scheme() == duct.TLS) && a.Port() == 0
}

// reason is what the system said, without a path that is known.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// writeAddress writes line to the --address-file. A reader of a regular file
// sees all of it or nothing.
func (l *listenOptions) writeAddress(line string) error {
	if l.addressFile == "-" {
		_, err := l.streams.Out.WriteString(line)
		return err
	}
	info, err := os.Stat(l.addressFile)
	isNew := errors.Is(err, fs.ErrNotExist)
	if (isNew || err == nil && info.Mode().IsRegular()) && !isDescriptor(l.addressFile) {
		return replaceFile(l.addressFile, line)
	}
	f, err := os.OpenFile(l.addressFile, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// isDescriptor says whether path stands for a descriptor that is open already,
// which may be of a regular file.
func isDescriptor(path string) bool {
	return filepath.Dir(filepath.Clean(path)) == "/dev/fd" || strings.HasPrefix(path, "/proc/self/fd/")
}

func replaceFile(path, content string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".ductworks-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
