package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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

// readConfig reads a configuration file.
func readConfig(path string) (*configFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseConfig(path, data, allCommands())
}

// parseConfig takes what a configuration file says, and holds its keys against
// the flags that the commands of root have.
func parseConfig(path string, data []byte, root *cobra.Command) (*configFile, error) {
	f := &configFile{path: path, values: map[string]fileValue{}, sections: map[string]map[string]fileValue{}}
	file, err := parser.ParseBytes(asUnixText(data), 0)
	var wrong syntaxError
	if errors.As(err, &wrong) {
		err = fmt.Errorf("%d: %s", line(wrong), wrong.GetMessage())
	}
	if err == nil {
		err = f.loadDocuments(file.Docs, root)
	}
	if err != nil {
		return nil, configError{fmt.Errorf("%s:%w", path, err)}
	}
	return f, nil
}

// A syntaxError is what the parser says, whose Error has many lines.
type syntaxError interface {
	error
	placed
	GetMessage() string
}

// placed is what has a place in the file.
type placed interface{ GetToken() *token.Token }

func line(p placed) int { return p.GetToken().Position.Line }

// asUnixText takes off what editors on Windows put into a file: a byte order
// mark, and a CR before each LF, of which the parser would count some as a line.
func asUnixText(data []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
}

// loadDocuments loads the one document that a file has, if it has any.
// Directives, such as %YAML, come as documents of their own.
func (f *configFile) loadDocuments(docs []*ast.DocumentNode, root *cobra.Command) error {
	loaded := false
	for _, doc := range docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); directive || doc.Body == nil {
			continue
		}
		if loaded {
			return fmt.Errorf("%d: a second document: there should be one", line(doc.Body))
		}
		if err := f.load(doc.Body, root); err != nil {
			return err
		}
		loaded = true
	}
	return nil
}

// load takes what a document says. Its errors begin with a line's number.
func (f *configFile) load(top ast.Node, root *cobra.Command) error {
	known := flagNames(root.Commands())
	return eachPair(top, func(key string, value ast.Node) error {
		if _, section := value.(*ast.MappingNode); !section {
			return take(f.values, key, value, known)
		}
		sub := findCommand(root, key)
		if sub == nil {
			return fmt.Errorf("%d: there is no command %q", line(value), key)
		}
		section := map[string]fileValue{}
		f.sections[key] = section
		own := flagNames([]*cobra.Command{sub})
		return eachPair(value, func(key string, value ast.Node) error {
			return take(section, key, value, own)
		})
	})
}

// eachPair calls do for each key of a mapping.
func eachPair(n ast.Node, do func(key string, value ast.Node) error) error {
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		return fmt.Errorf("%d: this should be keys with values, such as format: text", line(n))
	}
	for _, pair := range mapping.Values {
		key, ok := written(pair.Key)
		if !ok {
			return fmt.Errorf("%d: a key should be the name of a flag or a command", line(pair.Key))
		}
		if err := do(key, pair.Value); err != nil {
			return err
		}
	}
	return nil
}

// take puts one value into values.
func take(values map[string]fileValue, key string, n ast.Node, known map[string]bool) error {
	switch {
	case commandLineOnly[key]:
		return fmt.Errorf("%d: key %s: it belongs on the command line", line(n), key)
	case !known[key]:
		return fmt.Errorf("%d: there is no flag for the key %q", line(n), key)
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		return takeList(values, key, list)
	}
	value, ok := written(n)
	if !ok {
		return fmt.Errorf("%d: key %s: this should be a plain value or a list", line(n), key)
	}
	values[key] = fileValue{values: []string{value}, line: line(n)}
	return nil
}

func takeList(values map[string]fileValue, key string, n *ast.SequenceNode) error {
	list := fileValue{isList: true, line: line(n)}
	for _, item := range n.Values {
		value, ok := written(item)
		if !ok {
			return fmt.Errorf("%d: key %s: a list holds plain values", line(item), key)
		}
		list.values = append(list.values, value)
	}
	values[key] = list
	return nil
}

// written gives a plain value as it stands in the file, without its quotes.
func written(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.NullNode:
		if n.Token.Type == token.ImplicitNullType {
			return "", true // for which the parser puts a null in
		}
		return n.Token.Value, true
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
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
