package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const envPrefix = "DUCTWORKS"

// commandLineOnly are the flags that belong to one call and are taken from
// nowhere else.
var commandLineOnly = map[string]bool{
	"message": true, "count": true, "at": true, "via": true, "address-file": true, "record": true,
	"listen": true, "connect": true, "each": true, "config": true, "help": true, "version": true,
	"json": true, "no-descriptions": true,
}

// configure gives the flags that the command line left alone what the
// environment, or else the configuration file, says. Whatever the source, it
// is the flag itself that parses the value.
func (a *app) configure(c *cobra.Command, _ []string) error {
	if a.ignoresConfig(c.Flags()) {
		return nil
	}
	file, err := a.configFile()
	if err != nil {
		return err
	}
	return file.apply(c)
}

// ignoresConfig says whether neither file nor environment counts.
func (a *app) ignoresConfig(flags *pflag.FlagSet) bool {
	return flags.Changed("config") && a.config == ""
}

// apply sets the flags of c from the environment and the file.
func (f *configFile) apply(c *cobra.Command) (err error) {
	values := f.forCommand(c.Name())
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		if err != nil || flag.Changed || commandLineOnly[flag.Name] {
			return
		}
		if env := envName(flag.Name); os.Getenv(env) != "" {
			value := fileValue{values: []string{os.Getenv(env)}}
			err = setFlag(c.Flags(), flag, value, origin{fromEnvironment, env}, "environment variable "+env)
		} else if value, ok := values[flag.Name]; ok {
			from := f.origin(value)
			err = setFlag(c.Flags(), flag, value, from, from.where+": key "+flag.Name)
		}
	})
	return err
}

// An origin is where a flag's value comes from.
type origin struct {
	source string // one of those below
	where  string // the name of a variable, or a place in a file
}

const (
	fromFlag        = "flag"
	fromEnvironment = "environment"
	fromFile        = "file"
	fromDefault     = "default"
)

// setFlag sets one flag. What is wrong with the value is blamed on where it
// comes from.
func setFlag(flags *pflag.FlagSet, f *pflag.Flag, v fileValue, from origin, blame string) error {
	if _, takesList := f.Value.(pflag.SliceValue); v.isList && !takesList {
		return configError{fmt.Errorf("%s: this should be one value and not a list", blame)}
	}
	for _, value := range v.values {
		if err := flags.Set(f.Name, value); err != nil {
			return configError{fmt.Errorf("%s: %w", blame, valueFault(err))}
		}
	}
	return flags.SetAnnotation(f.Name, originKey, []string{from.source, from.where})
}

// originKey is the annotation of a flag that the command line left alone.
const originKey = "origin"

func originOf(f *pflag.Flag) origin {
	switch from := f.Annotations[originKey]; {
	case len(from) == 2:
		return origin{from[0], from[1]}
	case f.Changed:
		return origin{source: fromFlag}
	}
	return origin{source: fromDefault}
}

// onCommandLine says whether a flag was given there and nowhere else.
func onCommandLine(flags *pflag.FlagSet, name string) bool {
	f := flags.Lookup(name)
	return f != nil && originOf(f).source == fromFlag
}

func envName(flag string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
