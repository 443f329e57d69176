package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groupKey is the annotation that holds the heading under which a flag is shown.
const groupKey = "group"

// groups are the headings, in their order on the page.
var groups = []string{"Messages", "Ending", "Listening", "Command", "Ends", "Security", "Seeing", "General"}

// group puts flags under a heading of the help page.
func group(fs *pflag.FlagSet, heading string, names ...string) {
	for _, name := range names {
		fs.SetAnnotation(name, groupKey, []string{heading})
	}
}

// usage prints a command's help page below its description: examples first,
// then the flags in groups.
func usage(c *cobra.Command) error {
	out := c.OutOrStdout()
	fmt.Fprintf(out, "Usage: %s\n", c.UseLine())
	if c.Example != "" {
		fmt.Fprintf(out, "\nExamples:\n%s\n", c.Example)
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintln(out, "\nCommands:")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(out, "  %-12s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	for _, heading := range groups {
		if text := flagsOf(c, heading); text != "" {
			fmt.Fprintf(out, "\n%s:\n%s", heading, text)
		}
	}
	return nil
}

// flagsOf describes the flags of c under one heading.
func flagsOf(c *cobra.Command, heading string) string {
	some := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	some.SortFlags = false
	take := func(f *pflag.Flag) {
		if headingOf(f) == heading {
			some.AddFlag(f)
		}
	}
	c.LocalFlags().VisitAll(take)
	c.InheritedFlags().VisitAll(take)
	return strings.TrimLeft(some.FlagUsages(), "\n")
}

func headingOf(f *pflag.Flag) string {
	if h := f.Annotations[groupKey]; len(h) > 0 {
		return h[0]
	}
	return "General"
}
