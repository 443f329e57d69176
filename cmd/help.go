package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groupKey is the annotation that holds the heading under which a flag is shown.
const groupKey = "group"

// groups are the headings, in their order on the page.
var groups = []string{"Messages", "Ending", "Connecting", "Listening", "Command", "Ends", "Security", "Seeing", "General"}

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
	if !c.HasParent() {
		printTopics(out)
	}
	for _, heading := range groups {
		if text := flagsOf(c, heading); text != "" {
			fmt.Fprintf(out, "\n%s:\n%s", heading, text)
		}
	}
	return nil
}

// printTopics lists what there is help about beside commands.
func printTopics(out io.Writer) {
	fmt.Fprintln(out, "\nTopics (ductworks help TOPIC):")
	for _, t := range Topics() {
		fmt.Fprintf(out, "  %-12s %s\n", t.Name, t.Short)
	}
}

// newHelp is the help command, which knows commands and topics.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | TOPIC]",
		Short: "show the help of a command, or of a topic",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return append(commandNames(c.Root()), topicNames()...), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: help,
	}
}

func topicNames() []string {
	var names []string
	for _, t := range Topics() {
		names = append(names, t.Name)
	}
	return names
}

// help shows the page that args name.
func help(c *cobra.Command, args []string) error {
	for _, t := range Topics() {
		if len(args) == 1 && args[0] == t.Name {
			t.print(c.OutOrStdout())
			return nil
		}
	}
	page, rest, err := c.Root().Find(args)
	if err != nil || len(rest) > 0 {
		all := append(commandNames(c.Root()), topicNames()...)
		return usagef("there is no help on %q: one of %s", strings.Join(args, " "), listOf(all))
	}
	page.InitDefaultHelpFlag()
	return page.Help()
}

// flagsOf describes the flags of c under one heading.
func flagsOf(c *cobra.Command, heading string) string {
	return strings.TrimLeft(flagsUnder(c, heading).FlagUsages(), "\n")
}

// flagsUnder gives the flags of c under one heading.
func flagsUnder(c *cobra.Command, heading string) *pflag.FlagSet {
	some := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	some.SortFlags = false
	take := func(f *pflag.Flag) {
		if headingOf(f) == heading {
			some.AddFlag(f)
		}
	}
	c.LocalFlags().VisitAll(take)
	c.InheritedFlags().VisitAll(take)
	return some
}

func headingOf(f *pflag.Flag) string {
	if h := f.Annotations[groupKey]; len(h) > 0 {
		return h[0]
	}
	return "General"
}
