package cmd

import (
	"bufio"
	"bytes"
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

// fileFlags are the flags whose values are names of files, which shells complete.
var fileFlags = []string{"address-file", "record", "config", "tls-cert", "tls-key", "tls-ca"}

// completeFlags offers values of the flags of c, where nobody else has. Those of
// which nobody can guess the value are offered no files either.
func completeFlags(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if _, known := c.GetFlagCompletionFunc(f.Name); known || slices.Contains(fileFlags, f.Name) {
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

// completeAddress offers sockets and the folders that may hold some, or the
// abstract sockets at which somebody listens.
func completeAddress(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	rest, isUnix := strings.CutPrefix(word, "unix:")
	scheme := word[:len(word)-len(rest)]
	if strings.HasPrefix(rest, "@") {
		table, _ := os.ReadFile("/proc/net/unix")
		return withPrefix(scheme, rest, abstractListeners(table)), onlyThese
	}
	if !isUnix && strings.Contains(word, ":") { // of TCP, of which nobody knows any
		return nil, onlyThese
	}
	sockets, folders := socketsBeside(rest)
	directive := onlyThese
	if len(folders) > 0 {
		directive |= goesOn
	}
	return withPrefix(scheme, rest, append(sockets, folders...)), directive
}

// socketsBeside lists what word, a path or part of one, may go on to. Folders
// end in a slash.
func socketsBeside(word string) (sockets, folders []string) {
	shown, base := filepath.Split(word)
	dir := shown
	if home, err := os.UserHomeDir(); err == nil && strings.HasPrefix(dir, "~/") {
		dir = home + dir[1:]
	}
	if dir == "" {
		dir = "."
	}
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, base) || base == "" && name[0] == '.' {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, name))
		switch {
		case err != nil:
		case info.IsDir():
			folders = append(folders, shown+name+"/")
		case info.Mode().Type() == os.ModeSocket:
			sockets = append(sockets, shown+name)
		}
	}
	return sockets, folders
}

// abstractListeners reads the table of Linux's Unix sockets (proc(5)).
func abstractListeners(table []byte) []string {
	const accepting = "00010000" // __SO_ACCEPTCON
	var names []string
	for line := range bytes.Lines(table) {
		fields := strings.Fields(string(line))
		if len(fields) == 8 && fields[3] == accepting && fields[4] == "0001" && strings.HasPrefix(fields[7], "@") {
			names = append(names, fields[7])
		}
	}
	return unique(names)
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
