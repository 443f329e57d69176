package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A Page is what the help says of one command. Manual pages are made of it.
type Page struct {
	Name     string // such as ductworks-listen, or ductworks for all
	Short    string
	Usage    string
	Long     string // may be empty
	Examples string // lines of a shell, indented by two spaces; may be empty
	Groups   []FlagGroup
	Commands []Entry // below this one
	Carries  bool    // whether it carries messages, so that every topic concerns it
}

// A FlagGroup is the flags under one heading of a help page.
type FlagGroup struct {
	Heading string
	Flags   []Flag
}

// A Flag is one line of a help page.
type Flag struct {
	Name, Shorthand string
	Value           string // what its value is called; empty where it takes none
	Usage           string
	Default         string // empty where there is none worth telling
}

// Pages gives a page for ductworks, and one for each of its commands.
func Pages() []Page {
	root := allCommands()
	addCompletion(root)
	pages := []Page{newPage(root)}
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			pages = append(pages, newPage(c))
		}
	}
	return pages
}

func newPage(c *cobra.Command) Page {
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	p := Page{Name: c.Name(), Short: c.Short, Usage: c.UseLine(), Long: c.Long, Examples: c.Example}
	if c.HasParent() {
		p.Name = c.Parent().Name() + "-" + p.Name
	}
	for _, heading := range groups {
		if flags := flagList(flagsUnder(c, heading)); len(flags) > 0 {
			p.Groups = append(p.Groups, FlagGroup{heading, flags})
			p.Carries = p.Carries || heading == "Ending"
		}
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			p.Commands = append(p.Commands, Entry{sub.Name(), sub.Short})
		}
	}
	return p
}

func flagList(fs *pflag.FlagSet) []Flag {
	var flags []Flag
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		if f.NoOptDefVal != "" {
			value = "" // it is a switch, or counts
		}
		flags = append(flags, Flag{f.Name, f.Shorthand, value, usage, notable(f)})
	})
	return flags
}

// notable is the default of a flag, where pflag's own pages show it.
func notable(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "0", "0s", "false", "[]":
		return ""
	}
	return f.DefValue
}
