package cmd

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	onlyThese = cobra.ShellCompDirectiveNoFileComp
	someFiles = cobra.ShellCompDirectiveDefault
	goesOn    = cobra.ShellCompDirectiveNoSpace // a folder's name, after which more comes
)

// takesFile says whether the value of a flag is the name of a file, which
// shells complete.
func takesFile(f *pflag.Flag) bool { return valueName(f) == "FILE" }

// isCompletion says whether it is a shell that asks, for what could come next.
func isCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// completeFlags offers values of the flags of all commands, where nobody else
// has. It is work that every other run can do without.
func completeFlags(root *cobra.Command) {
	for _, c := range root.Commands() {
		completeFlagsOf(c)
	}
}

// completeFlagsOf offers no files, either, for values that nobody can guess.
func completeFlagsOf(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if _, known := c.GetFlagCompletionFunc(f.Name); known || takesFile(f) {
			return
		}
		offer := cobra.NoFileCompletions
		switch f.Name {
		case "listen", "connect", "at":
			offer = completeAddress
		case "allow-user":
			offer = completeUser
		}
		c.RegisterFlagCompletionFunc(f.Name, offer)
	})
}

// completeFilter completes [ADDRESS] [-- CMD [ARG...]]. Cobra parses with a dash
// at the end of its own, so whether there is one is asked of the command line.
func (a *app) completeFilter(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	switch {
	case !slices.Contains(a.args[:len(a.args)-1], "--"):
		if len(args) > 0 {
			return nil, onlyThese
		}
		return completeAddress(c, args, word)
	case c.ArgsLenAtDash() == len(args):
		return completeProgram(word)
	}
	return nil, someFiles
}

// completeCommands completes CMD [ARG...] [:: CMD [ARG...]].
func completeCommands(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 || args[len(args)-1] == separator {
		return completeProgram(word)
	}
	return nil, someFiles
}

// completeProgram offers what the PATH has, or leaves a path to the shell.
func completeProgram(word string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(word, "/") {
		return nil, someFiles
	}
	var names []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, _ := os.ReadDir(dir)
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), word) && isExecutable(filepath.Join(dir, entry.Name())) {
				names = append(names, entry.Name())
			}
		}
	}
	return unique(names), onlyThese
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// completeUser offers the users of this machine.
func completeUser(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	names := []string{cobra.CompletionWithDesc("any", "whoever can connect")}
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return names, onlyThese
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, _, ok := strings.Cut(lines.Text(), ":"); ok {
			names = append(names, name)
		}
	}
	return withPrefix("", word, names), onlyThese
}

// withPrefix gives the words that begin with prefix, with scheme before each.
func withPrefix(scheme, prefix string, words []string) []string {
	var all []string
	for _, word := range words {
		if strings.HasPrefix(word, prefix) {
			all = append(all, scheme+word)
		}
	}
	return all
}

func unique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
