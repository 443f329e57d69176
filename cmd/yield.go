package cmd

import (
	"slices"

	"github.com/spf13/pflag"
)

// The configuration speaks of all calls, the command line of this one. So what
// the former says is left aside where it has no meaning here, or where the
// latter contradicts it. Between two words of the same source, a contradiction
// is a mistake.

// setAside takes back what the configuration says of some flags.
func setAside(fs *pflag.FlagSet, names ...string) {
	for _, name := range names {
		f := fs.Lookup(name)
		if f == nil || !f.Changed || onCommandLine(fs, name) {
			continue
		}
		f.Value.Set(f.DefValue)
		f.Changed = false
		delete(f.Annotations, originKey)
	}
}

// favourLine sets aside what the configuration says of flags that exclude each
// other, if one of them is on the command line.
func favourLine(fs *pflag.FlagSet, names ...string) {
	if slices.ContainsFunc(names, func(name string) bool { return onCommandLine(fs, name) }) {
		setAside(fs, names...)
	}
}
