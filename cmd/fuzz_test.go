package cmd

import (
	"regexp"
	"testing"
)

// FuzzConfigFile: whatever a configuration file holds, it is understood or
// there is one line about it, with the place.
func FuzzConfigFile(f *testing.F) {
	for _, seed := range []string{
		"format: text\nconnect:\n  linger: 2s\n", "allow-user: [root, 0]", "listen: {mode: 0660}", "a: &b c\nd: *b\n",
		"format: |\n  text\n", "? [x]\n: y", "!!str a: b", "%YAML 1.2\n---\na: b\n...\n", "- a\n- b", "\t\x00'\"#",
		"wait:\n", "# a\r\nb: c\r\n", "\"a\\nb\": c",
	} {
		f.Add([]byte(seed))
	}
	root := allCommands()
	oneLine := regexp.MustCompile(`^config\.yaml:[1-9][0-9]*: [^\n]+$`)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := parseConfig("config.yaml", data, root); err != nil && !oneLine.MatchString(err.Error()) {
			t.Errorf("the error is %q", err)
		}
	})
}
