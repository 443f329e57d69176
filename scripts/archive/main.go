// Command archive packs folders so that the same files give the same bytes,
// whenever and wherever they were made. scripts/release runs it.
//
//	archive SECONDS FOLDER...   makes FOLDER.zip where a .exe is in it, else FOLDER.tar.gz
//
// Members are sorted, belong to nobody in particular, have the time SECONDS
// since 1970, and the modes 0755 (folders and programs) or 0644.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("too few arguments: want SECONDS and FOLDERs")
	}
	seconds, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number of seconds", args[0])
	}
	for _, folder := range args[1:] {
		if err := pack(folder, time.Unix(seconds, 0).UTC()); err != nil {
			return fmt.Errorf("pack %s: %w", folder, err)
		}
	}
	return nil
}

// A packer writes the members of an archive in the order in which it is given them.
type packer interface {
	add(name string, mode fs.FileMode, data []byte) error
	Close() error
}

func pack(folder string, at time.Time) (err error) {
	programs, err := filepath.Glob(filepath.Join(folder, "*.exe"))
	if err != nil {
		return err
	}
	suffix, open := ".tar.gz", newTar
	if len(programs) > 0 {
		suffix, open = ".zip", newZip
	}
	file, err := os.Create(filepath.Clean(folder) + suffix)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := file.Close(); err == nil {
			err = cerr
		}
	}()
	archive := open(file, at)
	if err := addAll(archive, folder); err != nil {
		return err
	}
	return archive.Close()
}

// addAll adds folder and what is in it, by names that begin with its own.
func addAll(archive packer, folder string) error {
	parent := filepath.Dir(filepath.Clean(folder))
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(parent, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() {
			return archive.add(name+"/", fs.ModeDir|0o755, nil)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return archive.add(name, memberMode(info.Mode()), data)
	})
}

// memberMode keeps of a file's mode only whether it is a program.
func memberMode(mode fs.FileMode) fs.FileMode {
	if mode&0o100 != 0 {
		return 0o755
	}
	return 0o644
}
