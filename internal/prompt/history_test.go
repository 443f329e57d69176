package prompt

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func openTestHistory(t *testing.T, path string) *History {
	t.Helper()
	h, err := OpenHistory(path, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "history")
	h := openTestHistory(t, path)
	for _, entry := range []string{"1", "2", "2", "1", strings.Repeat("x", entryLimit+1)} {
		h.add(entry)
	}
	if got := openTestHistory(t, path).all(); !slices.Equal(got, []string{"1", "2", "1"}) {
		t.Errorf("%q", got)
	}
	if (*History)(nil).all() != nil {
		t.Error("no history has entries")
	}
}

func TestHistoryIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes mean nothing here")
	}
	path := filepath.Join(t.TempDir(), "state", "history")
	openTestHistory(t, path)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	openTestHistory(t, path).add("secret")
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	var text strings.Builder
	const lines = 2*historyLimit + 1
	for i := range lines {
		fmt.Fprintf(&text, "%d\n", i)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	h := openTestHistory(t, path)
	if got := h.all(); len(got) != historyLimit || got[historyLimit-1] != fmt.Sprint(lines-1) {
		t.Errorf("%d entries, the last %q", len(got), got[len(got)-1])
	}
	b, err := os.ReadFile(path)
	if err != nil || strings.Count(string(b), "\n") != historyLimit {
		t.Errorf("%d lines in the file, %v", strings.Count(string(b), "\n"), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
		t.Errorf("left behind: %q", left)
	}
}

// A link to /dev/null is how people say that they want no history. It must not
// become a private file.
func TestHistoryIsARegularFile(t *testing.T) {
	if _, err := OpenHistory(os.DevNull, nil); err == nil {
		t.Error("a device became a history")
	}
	if _, err := OpenHistory(t.TempDir(), nil); err == nil {
		t.Error("a folder became a history")
	}
}

func TestHistoryThatCannotBeAddedTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	told := 0
	h, err := OpenHistory(filepath.Join(dir, "history"), func(error) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	h.add("1")
	h.add("2")
	if told != 1 || !slices.Equal(h.all(), []string{"1", "2"}) {
		t.Errorf("told %d times, %q", told, h.all())
	}
}
