package cmd

import (
	"errors"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

const (
	defaultMaxConns     = 100
	defaultStallTimeout = 30 * time.Second
)

// serving are the flags of listen that are for many peers.
type serving struct {
	keepOpen     bool
	each         bool
	envelope     bool
	maxConns     placesValue
	stallTimeout durationValue
}

func (v *serving) registerServing(fs *pflag.FlagSet) {
	v.maxConns, v.stallTimeout.d = defaultMaxConns, defaultStallTimeout
	fs.BoolVarP(&v.keepOpen, "keep-open", "k", false, "serve many peers")
	fs.BoolVar(&v.each, "each", false, "with -k, start CMD for each message: what it prints is the reply")
	fs.BoolVar(&v.envelope, "envelope", false, "with -k, records say which peer they come from or go to")
	fs.Var(&v.maxConns, "max-conns", "with -k, serve so many peers at once; others wait")
	fs.Var(&v.stallTimeout, "stall-timeout", "with -k, close a peer that takes no byte for so long")
	group(fs, "Listening", "keep-open", "each", "envelope", "max-conns", "stall-timeout")
}

// checkServing finds flags that have no meaning together. What the
// configuration says for all calls is left aside where it has none in this one.
func (l *listenOptions) checkServing(fs *pflag.FlagSet) error {
	if !l.keepOpen {
		for _, name := range []string{"each", "envelope", "max-conns", "stall-timeout"} {
			if onCommandLine(fs, name) {
				return usagef("--%s is for many peers: add -k", name)
			}
		}
		return nil
	}
	command := len(l.argv) > 0
	switch {
	case onCommandLine(fs, "progress"):
		return usagef("--progress is for one conversation: it does not go with -k")
	case l.each && !command:
		return usagef("--each needs a command: --each -- CMD")
	case l.envelope && command:
		return usagef("--envelope is for stdin and stdout, not for -- %s", l.argv[0])
	case l.envelope && (l.in.Name != "json" || l.out.Name != "json"):
		return usagef("--envelope is JSON: it does not go with another format")
	case l.count > 0 && command && !l.each:
		return usagef("--count is for the messages on stdout, or of --each, not for -- %s", l.argv[0])
	case command && !l.each:
		return nil
	}
	for _, name := range []string{"linger", "exit-on-eof", "send-only"} {
		if onCommandLine(fs, name) {
			return usagef("--%s ends one conversation: it does not go with -k", name)
		}
	}
	setAside(fs, "send-only")
	return nil
}

// placesValue is a flag's number of peers, from 1.
type placesValue int

func (v *placesValue) Type() string   { return "number" }
func (v *placesValue) String() string { return strconv.Itoa(int(*v)) }

func (v *placesValue) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 {
		return errors.New("not a number of peers: say 1 or more")
	}
	*v = placesValue(n)
	return nil
}
