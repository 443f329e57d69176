package cmd

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

// lockFlag makes connect one of several processes that send on one descriptor.
type lockFlag struct {
	path string
	lock frame.Lock // nil without the flag
}

func (l *lockFlag) register(c *cobra.Command) {
	c.Flags().StringVar(&l.path, "lock", "", "send while holding flock(2) of `FILE`, receive nothing: others send on the same fd:N")
	group(c.Flags(), "Connecting", "lock")
}

// prepareLock opens the lock file and settles what follows from it: nothing is
// received. What the configuration says for all calls is left aside where the
// descriptor is nobody's but ours.
func (s *session) prepareLock(fs *pflag.FlagSet, address duct.Address) error {
	shared := address.Scheme() == duct.FD
	switch {
	case s.lock.path == "", !shared && !onCommandLine(fs, "lock"):
		return nil
	case s.count > 0 || s.recvOnly:
		return usagef("--lock contradicts --count and --recv-only: what comes is for none of those who share the descriptor")
	case len(s.argv) > 0:
		return usagef("--lock is for stdin, not for -- %s (pipe it into connect?)", s.argv[0])
	}
	lock, err := duct.OpenLockFile(s.lock.path)
	if err != nil {
		return inputError{fmt.Errorf("--lock: %w", err)}
	}
	s.lock.lock, s.sendOnly = lock, true
	return nil
}
