package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

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
