package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// configured gives the flags of `connect` as they are after a command line,
// with a configuration file of the given content, if it has any.
func configured(t *testing.T, file string, args ...string) (*cobra.Command, error) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	if file != "" {
		path := filepath.Join(dir, "ductworks", "config.yaml")
		os.Mkdir(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root := allCommands()
	c := findCommand(root, "connect")
	c.RunE = func(*cobra.Command, []string) error { return nil }
	root.SetArgs(append([]string{"connect"}, args...))
	return c, root.Execute()
}

func TestPrecedence(t *testing.T) {
	file := "idle-timeout: 1s\nconnect:\n  linger: 2s\nlinger: 3s\nlisten:\n  linger: 4s\n"
	for _, test := range []struct {
		env, flag, wantIdle, wantLinger string
	}{
		{"", "", "1s", "2s"},
		{"5s", "", "5s", "2s"},
		{"5s", "--idle-timeout=6s", "6s", "2s"},
		{"", "--linger=7s", "1s", "7s"},
	} {
		t.Setenv("DUCTWORKS_IDLE_TIMEOUT", test.env)
		args := strings.Fields(test.flag)
		c, err := configured(t, file, args...)
		if err != nil {
			t.Fatal(err)
		}
		idle, linger := c.Flags().Lookup("idle-timeout").Value, c.Flags().Lookup("linger").Value
		if idle.String() != test.wantIdle || linger.String() != test.wantLinger {
			t.Errorf("%+v: idle %s, linger %s", test, idle, linger)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for file, want := range map[string]string{
		"formt: text":                       "formt",
		"format: yaml":                      "key format",
		"connect:\n  mode: '0600'":          "mode",
		"conect:\n  format: text":           "conect",
		"count: 3":                          "command line",
		"- format":                          "keys with values",
		"format: [":                         "config.yaml",
		"linger: soon":                      "key linger",
		"send-only: perhaps":                "key send-only",
		"max-message-size: {a: 1}":          "max-message-size",
		"config: other.yaml":                "command line",
		"format: text\nformat: hex":         ":2: mapping key \"format\" already defined",
		"  format: text\n wait: 3\n":        ":2: ", // which some parsers drop
		"wait: 3\nformat: *text\n":          ":2: key format: this should be a plain value",
		"mode: !!str 0600":                  ":1: key mode: this should be a plain value",
		"\"a\\nb\": 1":                      ":1: there is no flag for the key \"a\\nb\"",
		"wait: 3\n---\nwait: 4\n":           ":3: a second document",
		"# 1\r\n# 2\r\nwait: 3\r\nformt: x": ":4: ",
		"? wait\n: 3":                       ":1: a key should be the name",
	} {
		_, err := configured(t, file)
		if !is[configError](err) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "config.yaml:") ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want a configError of one line with the file and %q", file, err, want)
		}
	}
}

func TestConfigValuesAreTakenAsWritten(t *testing.T) {
	if _, err := configured(t, "listen:\n  mode: 0660\n"); err != nil {
		t.Fatal(err)
	}
	c, err := configured(t, "connect:\n  delimiter: 010\n  format: text\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Flags().Lookup("delimiter").Value.String(); got != "010" {
		t.Errorf("delimiter is %q, want 010, as it is written", got)
	}
}

// TestConfigAsOthersWriteIt: what editors put around the keys, and what YAML
// has besides plain values.
func TestConfigAsOthersWriteIt(t *testing.T) {
	for _, file := range []string{
		"format: text", "format: text # for people\r\n", "---\nformat: 'text'\n", "{\"format\": \"text\"}",
		"\ufeffformat: text\n", "format: |-\n  text\n", "%YAML 1.2\n---\nformat: text\n", "connect:\n    format: text\nlisten: {mode: 0640}\n",
	} {
		c, err := configured(t, file)
		if err != nil {
			t.Errorf("%q: %v", file, err)
		} else if got := c.Flags().Lookup("format").Value.String(); got != "text" {
			t.Errorf("%q: format is %q, want text", file, got)
		}
	}
	c, err := configured(t, "tls-ca:\nconnect:\n  tls-cert: # none\n  format: text\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tls-ca", "tls-cert"} {
		if got := c.Flags().Lookup(name).Value.String(); got != "" {
			t.Errorf("%s is %q where nothing is written", name, got)
		}
	}
	for _, file := range []string{"", "\n", "# nothing\n", "---\n"} {
		if _, err := configured(t, file); err != nil {
			t.Errorf("%q: %v", file, err)
		}
	}
}

func TestEnvironmentErrors(t *testing.T) {
	t.Setenv("DUCTWORKS_LINGER", "soon")
	if _, err := configured(t, ""); !is[configError](err) || !strings.Contains(err.Error(), "DUCTWORKS_LINGER") {
		t.Errorf("got %v", err)
	}
	if _, err := configured(t, "formt: text", "--config", ""); err != nil {
		t.Errorf("--config '' still reads something: %v", err)
	}
}

func TestConfigFileNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	if _, err := configured(t, "", "--config", missing); !is[inputError](err) {
		t.Errorf("--config with a missing file: %v", err)
	}
	t.Setenv("DUCTWORKS_CONFIG", missing)
	if _, err := configured(t, ""); !is[configError](err) {
		t.Errorf("DUCTWORKS_CONFIG with a missing file: %v", err)
	}
}

func TestConfigPage(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	path := filepath.Join(dir, "ductworks", "config.yaml")
	for _, test := range []struct {
		line   string
		status int
		want   string // a line of the page, its columns one blank apart, or of stderr
	}{
		{"config", 0, "# configuration file: " + path + " (there is none)"},
		{"config", 0, "listen mode 0600 default"},
		{"config connect", 0, "connect wait 10s default"},
		{"config connect -w 3", 0, "connect wait 3s flag"},
		{"config pair", 0, "pair allow-user - default"},
		{"config pair --allow-user 0 --allow-user any", 0, "pair allow-user 0 any flag"},
		{"-v config connect", 0, "connect verbose 1 flag"},
		{"config --config= exec", 0, "# no configuration file is read"},
		{"config conect", 64, `ductworks: there are no settings of a command "conect": one of connect, exec, listen or pair`},
		{"config version", 64, `ductworks: there are no settings of a command "version": one of connect, exec, listen or pair`},
		{"config connect a.sock", 64, `ductworks: config takes one command and flags of it, not "a.sock"`},
		{"config connect --each", 64, `ductworks: connect has no flag --each: it is a flag of listen`},
		{"config connect -w soon", 64, `ductworks: --wait "soon": not a duration: say 1.5s, 200ms, 2m, or a number of seconds (see ductworks connect --help)`},
		{"config connect --quiet=perhaps", 64, `ductworks: --quiet "perhaps": neither true nor false (see ductworks connect --help)`},
		{"config connect --help", 0, "Usage: ductworks config [flags] [COMMAND [FLAG...]]"},
	} {
		r := execute(t, strings.Fields(test.line)...)
		var lines []string
		for line := range strings.Lines(r.out + r.errout) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		if r.status != test.status || !slices.Contains(lines, test.want) {
			t.Errorf("%s: status %d, want %d and %q in\n%s%s", test.line, r.status, test.status, test.want, r.out, r.errout)
		}
	}
}

// TestTheLineIsFavoured: what the configuration says is left aside where the
// command line contradicts it, or where it has no meaning. Both on the command
// line are a mistake.
func TestTheLineIsFavoured(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	path := filepath.Join(t.TempDir(), "config.yaml")
	for _, test := range []struct {
		file, line string
		status     int
	}{
		{"delimiter: ','\nformat: text", "-0", exitUnavailable},
		{"null: true\nformat: text", "-d ,", exitUnavailable},
		{"delimiter: ','", "", exitUnavailable},
		{"delimiter: ','\nformat: text", "-f json", exitUnavailable},
		{"recv-only: true", "-m 1", exitUnavailable},
		{"recv-only: true", "--send-only", exitUnavailable},
		{"send-only: true", "--recv-only", exitUnavailable},
		{"format: text", "-0 -d ,", exitUsage},
		{"", "-d ,", exitUsage},
		{"delimiter: ','\nnull: true\nformat: text", "", exitUsage},
		{"send-only: true\nrecv-only: true", "", exitUsage},
	} {
		write(t, path, test.file)
		args := append([]string{"--config", path, "connect", "-w", "0", nowhere}, strings.Fields(test.line)...)
		if r := execute(t, args...); r.status != test.status {
			t.Errorf("%q and %q: status %d, want %d: %s", test.file, test.line, r.status, test.status, r.errout)
		}
	}
	write(t, path, "tls-insecure: true\ntls-name: a")
	if r := execute(t, "--config", path, "connect", "-w", "0", "--tls-name", "b", "tls:127.0.0.1:1"); r.status != exitUnavailable || strings.Contains(r.errout, "believed") {
		t.Errorf("--tls-name against tls-insecure: status %d: %s", r.status, r.errout)
	}
	if r := execute(t, "--config", path, "connect", "-w", "0", "--tls-insecure", "tls:127.0.0.1:1"); r.status != exitUnavailable || !strings.Contains(r.errout, "believed") {
		t.Errorf("--tls-insecure against tls-name: status %d: %s", r.status, r.errout)
	}
	write(t, path, "send-only: true")
	if r := execute(t, "--config", path, "connect", "-w", "0", nowhere, "--", "cat"); r.status != exitUnavailable {
		t.Errorf("with a command: status %d: %s", r.status, r.errout)
	}
}
