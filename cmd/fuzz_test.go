package cmd

import (
	"strings"
	"testing"
)

// FuzzConfigFile: whatever a configuration file holds, it is understood or
// there is one line about it, with the place.
func FuzzConfigFile(f *testing.F) {
	for _, seed := range []string{
		"format: text\nconnect:\n  linger: 2s\n", "allow-user: [root, 0]", "listen: {mode: 0660}", "a: &b c\nd: *b\n",
		"format: |\n  text\n", "? [x]\n: y", "!!str a: b", "%YAML 1.2\n---\na: b\n...\n", "- a\n- b", "\t\x00'\"#",
	} {
		f.Add([]byte(seed))
	}
	root := allCommands()
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseConfig("config.yaml", data, root)
		switch {
		case err == nil && file == nil:
			t.Error("neither a file nor an error")
		case err == nil:
		case !is[configError](err) || !strings.HasPrefix(err.Error(), "config.yaml:"):
			t.Errorf("the error is %q", err)
		}
	})
}
