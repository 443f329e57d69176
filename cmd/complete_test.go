//go:build unix

package cmd

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestCompletion asks as the shells' scripts do.
func TestCompletion(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("HOME", ".")
	t.Setenv("PATH", "bin:other")
	for _, dir := range []string{"bin", "other", "run", ".hidden"} {
		os.Mkdir(dir, 0o700)
	}
	for path, mode := range map[string]os.FileMode{"bin/relay": 0o700, "bin/readme": 0o600, "other/relay": 0o700, "other/reply": 0o700} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"a.sock", "run/b.sock", ".hidden/c.sock"} {
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	for line, want := range map[string]string{
		"connect _":                   "a.sock bin/ other/ run/ :6",
		"connect a":                   "a.sock :4",
		"connect unix:a":              "unix:a.sock :4",
		"connect ./a":                 "./a.sock :4",
		"connect ~/run/":              "~/run/b.sock :4",
		"connect .h":                  ".hidden/ :6",
		"connect localhost:":          ":4",
		"connect a.sock _":            ":4",
		"listen r":                    "run/ :6",
		"listen a.sock -- re":         "relay reply :4",
		"listen -- re":                "relay reply :4",
		"listen -- relay r":           ":0",
		"listen -k --each -- rep":     "reply :4",
		"listen -- ./r":               ":0",
		"exec re":                     "relay reply :4",
		"exec --via fd re":            "relay reply :4",
		"exec relay re":               ":0",
		"exec --at run/":              "run/b.sock :4",
		"pair re":                     "relay reply :4",
		"pair relay re":               ":0",
		"pair relay x :: re":          "relay reply :4",
		"pair --listen run/":          "run/b.sock :4",
		"pair --connect a":            "a.sock :4",
		"pair --via s":                "stdio address fd pipe :4",
		"connect -f _":                "json text raw base64 hex frame whole :4",
		"connect --progress _":        "auto always never :4",
		"connect --allow-user roo":    "root :4",
		"connect --allow-user an":     "any :4",
		"connect --wait _":            ":4",
		"connect -m _":                ":4",
		"connect --max-message-size ": ":4",
		"listen --record _":           ":0",
		"connect --tls-ca _":          ":0",
		"connect --lock _":            ":0",
		"config _":                    "connect exec listen pair :4",
		"config connect _":            ":4",
	} {
		words := strings.Split(strings.ReplaceAll(line, "_", ""), " ")
		r := execute(t, append([]string{"__complete"}, words...)...)
		var got []string
		for offer := range strings.Lines(r.out) {
			word, _, _ := strings.Cut(strings.TrimSuffix(offer, "\n"), "\t")
			got = append(got, word)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", line, strings.Join(got, " "), want)
		}
	}
}

func TestAbstractListeners(t *testing.T) {
	table := `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 41093 /run/listening
0000000000000000: 00000002 00000000 00010000 0001 01 41094 @listening
0000000000000000: 00000002 00000000 00010000 0005 01 41095 @packets
0000000000000000: 00000003 00000000 00000000 0001 03 41096 @connected
0000000000000000: 00000002 00000000 00010000 0001 01 41097
0000000000000000: 00000002 00000000 00010000 0001 01 41098 @another
`
	if got := abstractListeners([]byte(table)); !slices.Equal(got, []string{"@another", "@listening"}) {
		t.Errorf("got %q", got)
	}
	if got := abstractListeners(nil); len(got) != 0 {
		t.Errorf("got %q of nothing", got)
	}
}

// TestEveryFlagIsCompleted: its values are offered, or none, or files by choice.
func TestEveryFlagIsCompleted(t *testing.T) {
	root := allCommands()
	completeFlags(root)
	for _, c := range root.Commands() {
		for name := range flagNames(root.Commands()) {
			f := c.LocalFlags().Lookup(name)
			if f == nil || f.Value.Type() == "bool" || f.Value.Type() == "count" || takesFile(f) {
				continue
			}
			if _, known := c.GetFlagCompletionFunc(name); !known {
				t.Errorf("%s --%s would be completed by files", c.Name(), name)
			}
		}
	}
}
