package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// configFile finds and reads the configuration file, which need not be there
// unless somebody has named it.
func (a *app) configFile() (*configFile, error) {
	named := os.Getenv(envPrefix + "_CONFIG")
	switch {
	case a.config != "":
		f, err := readConfig(a.config)
		if errors.As(err, new(*fs.PathError)) {
			return nil, inputError{fmt.Errorf("--config: %w", err)}
		}
		return f, err
	case named != "":
		f, err := readConfig(named)
		if errors.As(err, new(*fs.PathError)) {
			return nil, configError{fmt.Errorf("environment variable %s_CONFIG: %w", envPrefix, err)}
		}
		return f, err
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return &configFile{}, nil // a user without a home has no configuration
	}
	path := filepath.Join(dir, "ductworks", "config.yaml")
	f, err := readConfig(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &configFile{path: path, missing: true}, nil
	case errors.As(err, new(*fs.PathError)):
		return nil, configError{err}
	}
	return f, err
}

// A configFile is what a configuration file says.
type configFile struct {
	path     string // empty where a user has no place for one
	missing  bool
	values   map[string]fileValue
	sections map[string]map[string]fileValue
}

// A fileValue is a value, or a list of them, as it was written: YAML would turn
// a mode of 0600 into 384.
type fileValue struct {
	values []string
	isList bool
	line   int
}

// forCommand gives the values for one command, its section overriding the rest.
func (f *configFile) forCommand(name string) map[string]fileValue {
	all := map[string]fileValue{}
	for _, values := range []map[string]fileValue{f.values, f.sections[name]} {
		for key, value := range values {
			all[key] = value
		}
	}
	return all
}

// origin is where a value of the file stands.
func (f *configFile) origin(v fileValue) origin {
	return origin{fromFile, fmt.Sprintf("%s:%d", f.path, v.line)}
}

// readConfig reads a configuration file and holds its keys against the flags
// that the commands have.
func readConfig(path string) (*configFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, configError{fmt.Errorf("%s: %w", path, err)}
	}
	f := &configFile{path: path, values: map[string]fileValue{}, sections: map[string]map[string]fileValue{}}
	if len(doc.Content) == 0 {
		return f, nil
	}
	if err := f.load(doc.Content[0]); err != nil {
		return nil, configError{fmt.Errorf("%s:%w", path, err)}
	}
	return f, nil
}

// load takes what the file says. Its errors begin with a line's number.
func (f *configFile) load(top *yaml.Node) error {
	root := allCommands()
	known := flagNames(root.Commands())
	return eachPair(top, func(key string, value *yaml.Node) error {
		if value.Kind != yaml.MappingNode {
			return take(f.values, key, value, known)
		}
		sub := findCommand(root, key)
		if sub == nil {
			return fmt.Errorf("%d: there is no command %q", value.Line, key)
		}
		section := map[string]fileValue{}
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
		return fmt.Errorf("%d: this should be keys with values, such as format: text", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := do(n.Content[i].Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// take puts one value into values.
func take(values map[string]fileValue, key string, n *yaml.Node, known map[string]bool) error {
	switch {
	case commandLineOnly[key]:
		return fmt.Errorf("%d: key %s: it belongs on the command line", n.Line, key)
	case !known[key]:
		return fmt.Errorf("%d: there is no flag for the key %s", n.Line, key)
	case n.Kind == yaml.ScalarNode:
		values[key] = fileValue{values: []string{n.Value}, line: n.Line}
		return nil
	case n.Kind == yaml.SequenceNode:
		return takeList(values, key, n)
	}
	return fmt.Errorf("%d: key %s: this should be a value or a list", n.Line, key)
}

func takeList(values map[string]fileValue, key string, n *yaml.Node) error {
	list := fileValue{isList: true, line: n.Line}
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return fmt.Errorf("%d: key %s: a list holds plain values", item.Line, key)
		}
		list.values = append(list.values, item.Value)
	}
	values[key] = list
	return nil
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
