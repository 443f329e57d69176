package cmd

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ductworks/internal/duct"
)

// connectPatience is how long connect waits for its listener by default.
const connectPatience = 10 * time.Second

func newConnect(a *app) *cobra.Command {
	s := &session{app: a}
	s.wait.d = connectPatience // as the help shows it
	c := &cobra.Command{
		Use:   "connect [flags] [ADDRESS] [-- CMD [ARG...]]",
		Short: "connect to an address and talk",
		Long: `connect joins its stdin and stdout, or those of CMD, to a listener. It waits for
a listener that is not there yet. Without an address it takes the duct that
ductworks exec has given it. A person at a terminal gets a prompt.`,
		Example: `  printf '"hi"\n{"n":1}\n' | ductworks connect /tmp/a.sock
  ductworks connect -m '{"op":"ping"}' -n 1 localhost:7000
  ductworks connect -f text /tmp/a.sock -- ./worker.sh`,
		ValidArgsFunction: a.completeFilter,
		RunE:              func(c *cobra.Command, args []string) error { return runConnect(c.Context(), s, c, args) },
	}
	s.register(c)
	s.lock.register(c)
	s.who.register(c, true)
	return c
}

func runConnect(ctx context.Context, s *session, c *cobra.Command, args []string) error {
	word, err := s.prepareFilter(c, args)
	if err != nil {
		return err
	}
	address, err := connectAddress(word)
	if err != nil {
		return err
	}
	ends := []duct.Address{address}
	if err := s.who.prepare(c.Flags(), roles{dialled: ends, guarded: ends}); err != nil {
		return err
	}
	if err := s.prepareLock(c.Flags(), address); err != nil {
		return err
	}
	if err := s.openWatch(s.app); err != nil {
		return err
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	conn, err := s.dial(ctx, address, s.wait, s.who.dialOptions())
	if err != nil {
		return err
	}
	if err := s.who.checkPeer(conn); err != nil {
		conn.Close()
		return err
	}
	return s.carry(ctx, conn, "the connection to "+address.String())
}

// dial connects, waiting for a listener that is not there yet.
func (a *app) dial(ctx context.Context, address duct.Address, wait durationValue, o duct.DialOptions) (duct.Conn, error) {
	o.Wait = connectPatience
	if wait.set {
		o.Wait = wait.d
	}
	o.Waiting = func(cause error) { a.note("waiting for %s: %v", address, cause) }
	if o.TLS.Insecure && address.Scheme() == duct.TLS {
		a.note("--tls-insecure: whoever is at %s is believed", address)
	}
	conn, err := duct.Dial(ctx, address, o)
	if err == nil {
		a.detail("connected to %s", address)
	}
	return conn, err
}

// connectAddress is the address to connect to: the argument, or else what an
// outer ductworks says.
func connectAddress(word string) (duct.Address, error) {
	if word != "" {
		return duct.ParseAddress(word)
	}
	if fd := os.Getenv(envPrefix + "_FD"); fd != "" {
		return envAddress("_FD", "fd:"+fd)
	}
	if address := os.Getenv(envPrefix + "_ADDRESS"); address != "" {
		return envAddress("_ADDRESS", address)
	}
	return duct.Address{}, usagef("no address: give one, or run this under ductworks exec")
}

func envAddress(name, word string) (duct.Address, error) {
	a, err := duct.ParseAddress(word)
	if err != nil {
		return a, configError{envError{name, err}}
	}
	return a, nil
}

// envError says which environment variable is wrong.
type envError struct {
	name string
	err  error
}

func (e envError) Error() string {
	return "environment variable " + envPrefix + e.name + ": " + e.err.Error()
}
