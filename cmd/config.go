package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

const envPrefix = "DUCTWORKS"

// commandLineOnly are the flags that belong to one call and are taken from
// nowhere else.
var commandLineOnly = map[string]bool{
	"message": true, "count": true, "at": true, "via": true, "address-file": true, "record": true,
	"listen": true, "connect": true, "each": true, "config": true, "help": true, "version": true,
}

// configure gives the flags that the command line left alone what the
// environment, or else the configuration file, says. Whatever the source, it
// is the flag itself that parses the value.
func (a *app) configure(c *cobra.Command, _ []string) error {
	if c.Flags().Changed("config") && a.config == "" {
		return nil
	}
	file, err := a.configFile(c)
	if err != nil {
		return err
	}
	v := viper.New()
	v.SetEnvPrefix(envPrefix)
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	if err := v.MergeConfigMap(file.forCommand(c.Name())); err != nil {
		return configError{err}
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if err == nil && !f.Changed && !commandLineOnly[f.Name] {
			err = setFrom(v, c.Flags(), f, file.path)
		}
	})
	return err
}

// setFrom sets one flag from the environment or the file.
func setFrom(v *viper.Viper, flags *pflag.FlagSet, f *pflag.Flag, path string) error {
	v.BindEnv(f.Name)
	if !v.IsSet(f.Name) {
		return nil
	}
	values, isList := v.Get(f.Name).([]string)
	if !isList {
		values = []string{v.GetString(f.Name)}
	}
	if _, takesList := f.Value.(pflag.SliceValue); isList && !takesList {
		return configError{fmt.Errorf("%s: this should be one value and not a list", origin(f.Name, path))}
	}
	for _, value := range values {
		if err := flags.Set(f.Name, value); err != nil {
			return configError{fmt.Errorf("%s: %w", origin(f.Name, path), errors.Unwrap(err))}
		}
	}
	return flags.SetAnnotation(f.Name, elsewhereKey, nil)
}

// elsewhereKey is the annotation of a flag that the command line left alone.
const elsewhereKey = "elsewhere"

// onCommandLine says whether a flag was given there and nowhere else.
func onCommandLine(flags *pflag.FlagSet, name string) bool {
	f := flags.Lookup(name)
	if f == nil || !f.Changed {
		return false
	}
	_, elsewhere := f.Annotations[elsewhereKey]
	return !elsewhere
}

// origin names where a flag's value comes from.
func origin(name, path string) string {
	env := envName(name)
	if os.Getenv(env) != "" {
		return "environment variable " + env
	}
	return fmt.Sprintf("%s: key %s", path, name)
}

func envName(flag string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configFile finds and reads the configuration file, which need not be there
// unless somebody has named it.
func (a *app) configFile(c *cobra.Command) (*configFile, error) {
	named := os.Getenv(envPrefix + "_CONFIG")
	switch {
	case a.config != "":
		f, err := readConfig(a.config, c.Root())
		if errors.As(err, new(*fs.PathError)) {
			return nil, inputError{fmt.Errorf("--config: %w", err)}
		}
		return f, err
	case named != "":
		f, err := readConfig(named, c.Root())
		if errors.As(err, new(*fs.PathError)) {
			return nil, configError{fmt.Errorf("environment variable %s_CONFIG: %w", envPrefix, err)}
		}
		return f, err
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return &configFile{}, nil // a user without a home has no configuration
	}
	f, err := readConfig(filepath.Join(dir, "ductworks", "config.yaml"), c.Root())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &configFile{}, nil
	case errors.As(err, new(*fs.PathError)):
		return nil, configError{err}
	}
	return f, err
}

// A configFile is what a configuration file says, each value as it was
// written: YAML would turn a mode of 0600 into 384.
type configFile struct {
	path     string
	values   map[string]any
	sections map[string]map[string]any
}

// forCommand gives the values for one command, its section overriding the rest.
func (f *configFile) forCommand(name string) map[string]any {
	all := map[string]any{}
	for _, values := range []map[string]any{f.values, f.sections[name]} {
		for key, value := range values {
			all[key] = value
		}
	}
	return all
}

// readConfig reads a configuration file and holds its keys against the flags
// that the commands of root have.
func readConfig(path string, root *cobra.Command) (*configFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, configError{fmt.Errorf("%s: %w", path, err)}
	}
	f := &configFile{path: path, values: map[string]any{}, sections: map[string]map[string]any{}}
	if len(doc.Content) == 0 {
		return f, nil
	}
	if err := f.load(doc.Content[0], root); err != nil {
		return nil, configError{fmt.Errorf("%s: %w", path, err)}
	}
	return f, nil
}

func (f *configFile) load(top *yaml.Node, root *cobra.Command) error {
	known := flagNames(root.Commands())
	return eachPair(top, func(key string, value *yaml.Node) error {
		if value.Kind != yaml.MappingNode {
			return take(f.values, key, value, known)
		}
		sub := findCommand(root, key)
		if sub == nil {
			return fmt.Errorf("line %d: there is no command %q", value.Line, key)
		}
		section := map[string]any{}
		f.sections[key] = section
		own := flagNames([]*cobra.Command{sub})
		return eachPair(value, func(key string, value *yaml.Node) error {
			return take(section, key, value, own)
		})
	})
}

// eachPair calls do for each key of a mapping.
func eachPair(n *yaml.Node, do func(key string, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: this should be keys with values, such as format: text", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := do(n.Content[i].Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// take puts one value into values, as the text that stands in the file.
func take(values map[string]any, key string, n *yaml.Node, known map[string]bool) error {
	switch {
	case commandLineOnly[key]:
		return fmt.Errorf("line %d: key %s: it belongs on the command line", n.Line, key)
	case !known[key]:
		return fmt.Errorf("line %d: there is no flag for the key %s", n.Line, key)
	case n.Kind == yaml.ScalarNode:
		values[key] = n.Value
		return nil
	case n.Kind == yaml.SequenceNode:
		var list []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: key %s: a list holds plain values", item.Line, key)
			}
			list = append(list, item.Value)
		}
		values[key] = list
		return nil
	}
	return fmt.Errorf("line %d: key %s: this should be a value or a list", n.Line, key)
}

// flagNames collects the flags that any of the commands has.
func flagNames(commands []*cobra.Command) map[string]bool {
	names := map[string]bool{}
	add := func(f *pflag.Flag) { names[f.Name] = true }
	for _, c := range commands {
		c.LocalFlags().VisitAll(add)
		c.InheritedFlags().VisitAll(add)
	}
	return names
}

func findCommand(root *cobra.Command, name string) *cobra.Command {
	for _, c := range root.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}
