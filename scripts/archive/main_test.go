package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// at is a time that every archive format can tell to the second.
var at = time.Unix(1_700_000_000, 0).UTC()

// tree makes the same files with other times, in another order.
func tree(t *testing.T, program string, again bool) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "release")
	files := []struct {
		name string
		mode fs.FileMode
	}{{program, 0o755}, {"README.md", 0o644}, {"man/a.1", 0o640}}
	if again {
		slices.Reverse(files)
	}
	for i, f := range files {
		path := filepath.Join(folder, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Repeat([]byte(f.name), 1000), f.mode); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(int64(1_000_000*i), 0)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func packed(t *testing.T, folder, suffix string) []byte {
	t.Helper()
	if err := run([]string{"1700000000", folder}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(folder + suffix)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	for _, test := range []struct{ program, suffix string }{{"ductworks", ".tar.gz"}, {"ductworks.exe", ".zip"}} {
		one := packed(t, tree(t, test.program, false), test.suffix)
		two := packed(t, tree(t, test.program, true), test.suffix)
		if !bytes.Equal(one, two) {
			t.Errorf("%s: two archives of the same files differ", test.suffix)
		}
	}
}

func TestTarHoldsEverything(t *testing.T) {
	compressed, err := gzip.NewReader(bytes.NewReader(packed(t, tree(t, "ductworks", false), ".tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for archive := tar.NewReader(compressed); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(at) || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%s: of %s, by %d %q", h.Name, h.ModTime, h.Uid, h.Uname)
		}
		got = append(got, h.Name+" "+fs.FileMode(h.Mode).String())
	}
	want := []string{"release/ -rwxr-xr-x", "release/README.md -rw-r--r--", "release/ductworks -rwxr-xr-x",
		"release/man/ -rwxr-xr-x", "release/man/a.1 -rw-r--r--"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestZipHoldsEverything(t *testing.T) {
	data := packed(t, tree(t, "ductworks.exe", false), ".zip")
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range archive.File {
		if !f.Modified.Equal(at) {
			t.Errorf("%s: of %s", f.Name, f.Modified)
		}
		got = append(got, f.Name+" "+f.Mode().String())
	}
	want := []string{"release/ drwxr-xr-x", "release/README.md -rw-r--r--", "release/ductworks.exe -rwxr-xr-x",
		"release/man/ drwxr-xr-x", "release/man/a.1 -rw-r--r--"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
