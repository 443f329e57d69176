package cmd

import (
	"slices"
	"testing"

	"ductworks/internal/duct"
)

func address(t *testing.T, word string) duct.Address {
	t.Helper()
	a, err := duct.ParseAddress(word)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestFillIn(t *testing.T) {
	argv := []string{"{}", "{}", "{host}", "{port}", "x{}", "{ }", ""}
	for word, want := range map[string][]string{
		"unix:/run/a":    {"{}", "/run/a", "{host}", "{port}", "x{}", "{ }", ""},
		"unix:@name":     {"{}", "@name", "{host}", "{port}", "x{}", "{ }", ""},
		"127.0.0.1:7000": {"{}", "127.0.0.1:7000", "127.0.0.1", "7000", "x{}", "{ }", ""},
		"[::1]:7000":     {"{}", "[::1]:7000", "::1", "7000", "x{}", "{ }", ""},
	} {
		if got := fillIn(argv, address(t, word)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

func TestChildEnvironmentForgetsTheOuterDuct(t *testing.T) {
	outer := []string{
		"PATH=/bin", "DUCTWORKS=/old", "DUCTWORKS_ADDRESS=unix:/old", "DUCTWORKS_PATH=/old",
		"DUCTWORKS_HOST=old", "DUCTWORKS_PORT=1", "DUCTWORKS_FD=9", "DUCTWORKS_FORMAT=text", "DUCTWORKSHOP=1",
	}
	got := childEnv(outer, map[string]string{"": "/new", "_FD": "3"})
	want := []string{"PATH=/bin", "DUCTWORKS_FORMAT=text", "DUCTWORKSHOP=1", "DUCTWORKS=/new", "DUCTWORKS_FD=3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSplitCommands(t *testing.T) {
	for _, test := range []struct {
		args []string
		want [][]string
	}{
		{nil, nil},
		{[]string{"a", "-x", "b"}, [][]string{{"a", "-x", "b"}}},
		{[]string{"a", "::", "b", "c"}, [][]string{{"a"}, {"b", "c"}}},
		{[]string{"a", ":: ", "b"}, [][]string{{"a", ":: ", "b"}}},
	} {
		got, err := splitCommands(test.args)
		if err != nil || !slices.EqualFunc(got, test.want, slices.Equal) {
			t.Errorf("%q: got %q, %v", test.args, got, err)
		}
	}
	for _, args := range [][]string{{"::"}, {"a", "::"}, {"::", "b"}, {"a", "::", "::", "b"}} {
		if got, err := splitCommands(args); !is[usageError](err) {
			t.Errorf("%q: got %q, %v", args, got, err)
		}
	}
}
