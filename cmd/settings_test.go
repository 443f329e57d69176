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
	"bool":     {"true", "true", "true"},
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

// eachSetting calls do for each flag of each command that has settings.
func eachSetting(t *testing.T, do func(t *testing.T, command string, f *pflag.Flag)) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	root := newRoot(&app{streams: &Streams{}})
	names := configurable(root)
	if want := []string{"connect", "exec", "listen", "pair"}; !slices.Equal(names, want) {
		t.Fatalf("settings of %q, want %q", names, want)
	}
	for _, name := range names {
		c := findCommand(root, name)
		c.ParseFlags(nil) // which adds the general flags
		c.Flags().VisitAll(func(f *pflag.Flag) {
			t.Run(name+"/"+f.Name, func(t *testing.T) { do(t, name, f) })
		})
	}
}

// TestEverySetting gives each flag of each command a value in the file, in a
// section of it, in the environment and on the command line, one after the
// other: each wins over those before it, and config says so.
func TestEverySetting(t *testing.T) {
	eachSetting(t, func(t *testing.T, command string, f *pflag.Flag) {
		if commandLineOnly[f.Name] {
			return
		}
		values, known := samples[f.Value.Type()]
		if !known {
			t.Fatalf("there is no sample of the type %s", f.Value.Type())
		}
		path := filepath.Join(t.TempDir(), "config.yaml")
		expectSetting(t, path, command, f.Name, f.DefValue, origin{source: fromDefault})
		write(t, path, fmt.Sprintf("# a comment\n%s: %s\n", f.Name, values[0]))
		expectSetting(t, path, command, f.Name, values[0], origin{fromFile, path + ":2"})
		write(t, path, fmt.Sprintf("%s: %s\n%s:\n  %[1]s: %[4]s\n", f.Name, values[1], command, values[0]))
		expectSetting(t, path, command, f.Name, values[0], origin{fromFile, path + ":3"})
		t.Setenv(envName(f.Name), values[1])
		expectSetting(t, path, command, f.Name, values[1], origin{fromEnvironment, envName(f.Name)})
		flag := fmt.Sprintf("--%s=%s", f.Name, values[2])
		expectSetting(t, path, command, f.Name, values[2], origin{source: fromFlag}, flag)
		// Neither counts any more.
		expectSetting(t, "", command, f.Name, f.DefValue, origin{source: fromDefault})
	})
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
		refuse(t, path, command, envName(f.Name))
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
	root := newRoot(&app{streams: &Streams{}})
	c := findCommand(root, command)
	c.RunE = func(*cobra.Command, []string) error { return nil }
	root.SetArgs(append([]string{command}, flags...))
	return c, root.Execute()
}

// expectSetting holds what a command makes of its flags, and what config says
// of that, against the value that is due and where it comes from.
func expectSetting(t *testing.T, path, command, name, value string, from origin, flags ...string) {
	t.Helper()
	if path != "" {
		if _, err := os.Stat(path); err != nil {
			write(t, path, "")
		}
	}
	flags = append(flags, "--config", path)
	c, err := run(t, command, flags...)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Flags().Lookup(name); got.Value.String() != value || originOf(got) != from {
		t.Errorf("got %q from %v, want %q from %v", got.Value, originOf(got), value, from)
	}
	r := execute(t, append([]string{"config", "--json", command}, flags...)...)
	if r.status != 0 {
		t.Fatalf("config ended with %d: %s", r.status, r.errout)
	}
	var want any
	switch {
	case value != "" && c.Flags().Lookup(name).Value.Type() == "user":
		want = []any{value}
	case value != "":
		want = value
	}
	expectShown(t, r.out, setting{command, name, want, from.source, from.where})
}

// expectShown looks for a setting in what config --json printed.
func expectShown(t *testing.T, page string, want setting) {
	t.Helper()
	var shown settingsPage
	if err := json.Unmarshal([]byte(page), &shown); err != nil {
		t.Fatal(err)
	}
	for _, s := range shown.Settings {
		if s.Flag != want.Flag {
			continue
		}
		if fmt.Sprintf("%#v", s) != fmt.Sprintf("%#v", want) {
			t.Errorf("config says %#v, want %#v", s, want)
		}
		return
	}
	t.Errorf("config says nothing of %s", want.Flag)
}

// refuse expects a command, and config, to find the configuration wrong.
func refuse(t *testing.T, path, command string, named ...string) {
	t.Helper()
	for _, args := range [][]string{{command}, {"config", command}} {
		r := execute(t, append([]string{"--config", path}, args...)...)
		if r.status != exitConfig || r.out != "" {
			t.Errorf("%q ended with %d: %s%s", args, r.status, r.out, r.errout)
		}
		for _, name := range named {
			if !strings.Contains(r.errout, name) || strings.Contains(r.errout, "strconv") {
				t.Errorf("%q said %q, want %q in it", args, r.errout, name)
			}
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
