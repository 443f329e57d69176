//go:build linux || darwin

package duct

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func openLockFile(t *testing.T, path string) *LockFile {
	t.Helper()
	l, err := OpenLockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(l.fd) })
	return l
}

func TestLockFileExcludes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, second := openLockFile(t, path), openLockFile(t, path)
	if err := first.Lock(); err != nil {
		t.Fatal(err)
	}
	locked := make(chan error)
	go func() { locked <- second.Lock() }()
	select {
	case err := <-locked:
		t.Fatalf("both have it: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	if err := first.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := <-locked; err != nil {
		t.Fatal(err)
	}
}

func TestLockFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	openLockFile(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
}

// A file that is there already is left as it is, and one that cannot be written can be locked.
func TestLockFileOfSomebody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, []byte("theirs"), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := openLockFile(t, path).Lock(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "theirs" {
		t.Fatalf("%q, %v", text, err)
	}
}

func TestLockFileErrors(t *testing.T) {
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing", "lock")} {
		_, err := OpenLockFile(path)
		if lock := (*LockError)(nil); !errors.As(err, &lock) || lock.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}
