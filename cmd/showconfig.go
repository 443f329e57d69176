package cmd

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// showOptions are the flags of config.
type showOptions struct {
	*app
	json bool
}

func newConfig(a *app) *cobra.Command {
	o := &showOptions{app: a}
	c := &cobra.Command{
		Use:   "config [flags] [COMMAND [FLAG...]]",
		Short: "show each setting and where it comes from",
		Long: `config shows the settings of all commands, or of one, as they would be for a call
with the given flags: one a line, with its command, its flag, its value (- where
there is none) and where that comes from, which is a flag, the environment, the
configuration file or the default. The first line names that file.`,
		Example: `  ductworks config connect
  DUCTWORKS_WAIT=3 ductworks config connect --linger 1s | grep -v 'default$'
  ductworks config --json | jq -r '.settings[] | select(.flag == "format").value'`,
		ValidArgsFunction: completeConfig,
		RunE:              o.run,
		// Each command is configured by itself.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
	}
	fs := c.Flags()
	fs.SetInterspersed(false)
	fs.BoolVar(&o.json, "json", false, "print one JSON document")
	group(fs, "Seeing", "json")
	return c
}

// completeConfig offers the commands that have settings.
func completeConfig(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return configurable(c.Root()), cobra.ShellCompDirectiveNoFileComp
}

// configurable names the commands with settings of their own.
func configurable(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		has := false
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			has = has || !commandLineOnly[f.Name] && c.InheritedFlags().Lookup(f.Name) == nil
		})
		if has {
			names = append(names, c.Name())
		}
	}
	return names
}

func (o *showOptions) run(c *cobra.Command, args []string) error {
	names := configurable(c.Root())
	if len(args) > 0 {
		names, args = args[:1], args[1:]
	}
	page := &settingsPage{}
	for _, name := range names {
		switch err := o.show(page, c, name, args); {
		case errors.Is(err, pflag.ErrHelp):
			return c.Help()
		case err != nil:
			return err
		}
	}
	return page.print(c.OutOrStdout(), o.json)
}

// show adds the settings of one command to the page, args being flags of it.
// Commands share some flags, so each is looked at in an application of its own.
func (o *showOptions) show(page *settingsPage, c *cobra.Command, name string, args []string) error {
	a := &app{streams: o.streams}
	root := newRoot(a)
	if names := configurable(root); !slices.Contains(names, name) {
		return usagef("there are no settings of a command %q: one of %s", name, listOf(names))
	}
	sub := findCommand(root, name)
	sub.Flags().AddFlag(c.Flags().Lookup("json"))
	if err := sub.ParseFlags(args); errors.Is(err, pflag.ErrHelp) {
		return err
	} else if err != nil {
		return flagError(sub, err)
	}
	if err := passDown(c, sub); err != nil {
		return err
	}
	if sub.Flags().NArg() > 0 {
		return usagef("config takes one command and flags of it, not %q", sub.Flags().Arg(0))
	}
	if err := page.configure(a, sub); err != nil {
		return err
	}
	page.add(sub)
	return nil
}

// passDown gives a command the general flags that stood before it.
func passDown(c, sub *cobra.Command) (err error) {
	c.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if own := sub.Flags().Lookup(f.Name); err == nil && f.Changed && !own.Changed {
			err = sub.Flags().Set(f.Name, f.Value.String())
		}
	})
	return err
}
