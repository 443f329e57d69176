package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// samples are three values of each type of flag, as the flag itself writes
// them: for the file, the environment and the command line.
var samples = map[string][3]string{
	"bool":     {"true", "false", "true"},
	"count":    {"1", "2", "3"},
	"string":   {"/in/file", "/in/environment", "/on/line"},
	"format":   {"text", "raw", "hex"},
	"size":     {"1KiB", "2MiB", "3"},
	"duration": {"1s", "2s", "3s"},
	"number":   {"1", "2", "3"},
	"mode":     {"0640", "0660", "0666"},
	"user":     {"1", "2", "any"},
	"when":     {"always", "never", "always"},
}

// configuredCommands gives each command that has settings.
func configuredCommands(t *testing.T) []*cobra.Command {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	root := allCommands()
	names := configurable(root)
	if want := []string{"connect", "exec", "listen", "pair"}; !slices.Equal(names, want) {
		t.Fatalf("settings of %q, want %q", names, want)
	}
	var commands []*cobra.Command
	for _, name := range names {
		c := findCommand(root, name)
		c.ParseFlags(nil) // which adds the general flags
		commands = append(commands, c)
	}
	return commands
}

// eachSetting calls do for each flag of each command that has settings.
func eachSetting(t *testing.T, do func(t *testing.T, command string, f *pflag.Flag)) {
	for _, c := range configuredCommands(t) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			t.Run(c.Name()+"/"+f.Name, func(t *testing.T) { do(t, c.Name(), f) })
		})
	}
}

// settingsOf lists the flags of a command that can be configured.
func settingsOf(c *cobra.Command) (flags []*pflag.Flag) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !commandLineOnly[f.Name] {
			flags = append(flags, f)
		}
	})
	return flags
}

// TestEverySetting gives each flag of each command a value in the file, in a
// section of it, in the environment and on the command line, one after the
// other: each wins over those before it, and config says so.
func TestEverySetting(t *testing.T) {
	for _, c := range configuredCommands(t) {
		t.Run(c.Name(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			all := settingsOf(c)
			top, section := "# a comment\n", c.Name()+":\n"
			var flags []string
			for _, f := range all {
				top += fmt.Sprintf("%s: %s\n", f.Name, sampleOf(t, f, 0))
				section += fmt.Sprintf("  %s: %s\n", f.Name, sampleOf(t, f, 1))
				flags = append(flags, fmt.Sprintf("--%s=%s", f.Name, sampleOf(t, f, 2)))
			}
			write(t, path, "")
			expectSettings(t, c, path, nil, func(_ int, f *pflag.Flag) (string, origin) { return f.DefValue, origin{source: fromDefault} })
			write(t, path, top)
			expectSettings(t, c, path, nil, func(i int, f *pflag.Flag) (string, origin) {
				return sampleOf(t, f, 0), origin{fromFile, fmt.Sprintf("%s:%d", path, 2+i)}
			})
			write(t, path, top+section)
			expectSettings(t, c, path, nil, func(i int, f *pflag.Flag) (string, origin) {
				return sampleOf(t, f, 1), origin{fromFile, fmt.Sprintf("%s:%d", path, 3+len(all)+i)}
			})
			for _, f := range all {
				t.Setenv(envName(f.Name), sampleOf(t, f, 0))
			}
			expectSettings(t, c, path, nil, func(_ int, f *pflag.Flag) (string, origin) {
				return sampleOf(t, f, 0), origin{fromEnvironment, envName(f.Name)}
			})
			expectSettings(t, c, path, flags, func(_ int, f *pflag.Flag) (string, origin) {
				return sampleOf(t, f, 2), origin{source: fromFlag}
			})
			// Neither file nor environment counts any more.
			expectSettings(t, c, "", nil, func(_ int, f *pflag.Flag) (string, origin) { return f.DefValue, origin{source: fromDefault} })
		})
	}
}

func sampleOf(t *testing.T, f *pflag.Flag, i int) string {
	t.Helper()
	values, known := samples[f.Value.Type()]
	if !known {
		t.Fatalf("there is no sample of the type %s", f.Value.Type())
	}
	return values[i]
}

// expectSettings holds what a command makes of its flags, and what config says
// of that, against the values that are due and where they come from.
func expectSettings(t *testing.T, c *cobra.Command, path string, flags []string, want func(i int, f *pflag.Flag) (string, origin)) {
	t.Helper()
	flags = append(slices.Clone(flags), "--config", path)
	got, err := run(t, c.Name(), flags...)
	if err != nil {
		t.Fatal(err)
	}
	r := execute(t, append([]string{"config", "--json", c.Name()}, flags...)...)
	var shown settingsPage
	if err := json.Unmarshal([]byte(r.out), &shown); err != nil {
		t.Fatalf("config says %s%s: %v", r.out, r.errout, err)
	}
	for i, f := range settingsOf(c) {
		value, from := want(i, f)
		own := got.Flags().Lookup(f.Name)
		if own.Value.String() != value || originOf(own) != from {
			t.Errorf("--%s: got %q from %v, want %q from %v", f.Name, own.Value, originOf(own), value, from)
		}
		due := setting{c.Name(), f.Name, value, from.source, from.where}
		switch {
		case value == "":
			due.Value = nil
		case f.Value.Type() == "user":
			due.Value = []any{value}
		}
		if fmt.Sprintf("%#v", shown.Settings[i]) != fmt.Sprintf("%#v", due) {
			t.Errorf("config says %#v, want %#v", shown.Settings[i], due)
		}
	}
}

// TestEverySettingIsChecked gives each flag that would refuse some value such
// a one.
func TestEverySettingIsChecked(t *testing.T) {
	eachSetting(t, func(t *testing.T, command string, f *pflag.Flag) {
		if commandLineOnly[f.Name] || f.Value.Type() == "string" {
			return
		}
		path := filepath.Join(t.TempDir(), "config.yaml")
		write(t, path, f.Name+": perhaps not\n")
		refuse(t, path, command, path+":1", f.Name)
		write(t, path, "")
		t.Setenv(envName(f.Name), "perhaps not")
		if _, err := run(t, command, "--config", path); !is[configError](err) || !strings.Contains(err.Error(), envName(f.Name)) {
			t.Errorf("with a wrong %s: %v", envName(f.Name), err)
		}
	})
}

// TestWhatBelongsToOneCallIsNoSetting tries each flag of which the
// configuration may say nothing.
func TestWhatBelongsToOneCallIsNoSetting(t *testing.T) {
	eachSetting(t, func(t *testing.T, command string, f *pflag.Flag) {
		if !commandLineOnly[f.Name] {
			return
		}
		path := filepath.Join(t.TempDir(), "config.yaml")
		write(t, path, f.Name+": 1\n")
		refuse(t, path, command, path+":1", f.Name)
		write(t, path, "")
		if f.Name != "config" { // which that variable names
			t.Setenv(envName(f.Name), "1")
		}
		if c, err := run(t, command, "--config", path); err != nil || c.Flags().Lookup(f.Name).Changed && f.Name != "config" {
			t.Errorf("%s was taken: %v", envName(f.Name), err)
		}
	})
}

// run runs a command that does nothing, with some flags.
func run(t *testing.T, command string, flags ...string) (*cobra.Command, error) {
	t.Helper()
	root := allCommands()
	c := findCommand(root, command)
	c.RunE = func(*cobra.Command, []string) error { return nil }
	root.SetArgs(append([]string{command}, flags...))
	return c, root.Execute()
}

// refuse expects a command, and config, to find the configuration wrong.
func refuse(t *testing.T, path, command string, named ...string) {
	t.Helper()
	if _, err := run(t, command, "--config", path); !is[configError](err) {
		t.Errorf("%s says %v", command, err)
	}
	r := execute(t, "config", command, "--config", path)
	if r.status != exitConfig || r.out != "" {
		t.Errorf("config ended with %d: %s", r.status, r.out)
	}
	for _, name := range named {
		if !strings.Contains(r.errout, name) || strings.Contains(r.errout, "strconv") {
			t.Errorf("config said %q, want %q in it", r.errout, name)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
