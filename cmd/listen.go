package cmd

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ductworks/internal/duct"
)

// listenOptions are what only listen has.
type listenOptions struct {
	session
	serving
	addressFile string
	mode        modeValue
}

func newListen(a *app) *cobra.Command {
	l := &listenOptions{session: session{app: a}}
	l.mode.mode = 0o600
	c := &cobra.Command{
		Use:   "listen [flags] [ADDRESS] [-- CMD [ARG...]]",
		Short: "wait at an address for a peer, or many, and talk",
		Long: `listen waits for one peer, then joins it to its stdin and stdout, or to those of
CMD, which must print each answer at once (stdbuf -oL CMD, jq --unbuffered). Without
an address it makes a private one and prints it on stderr. With -k it serves many.`,
		Example: `  ductworks listen /tmp/a.sock
  ductworks listen -f text :7000 | while read -r line; do echo "got $line"; done
  ductworks listen -k /tmp/a.sock --each -- jq -c '.n + 1'`,
		ValidArgsFunction: a.completeFilter,
		RunE:              func(c *cobra.Command, args []string) error { return runListen(c.Context(), l, c, args) },
	}
	l.register(c)
	fs := c.Flags()
	fs.StringVar(&l.addressFile, "address-file", "", "write the address to `FILE` once it can be connected to")
	fs.Var(&l.mode, "mode", "mode of the socket file")
	group(fs, "Listening", "address-file", "mode")
	l.registerServing(fs)
	l.who.register(c, false)
	return c
}

func runListen(ctx context.Context, l *listenOptions, c *cobra.Command, args []string) error {
	word, err := l.prepareFilter(c, args)
	if err == nil {
		err = l.checkServing(c.Flags())
	}
	if err == nil {
		err = l.openWatch(l.app)
	}
	if err != nil {
		return err
	}
	ctx, cancel := l.limited(ctx)
	defer cancel()
	listener, err := l.listen(c.Flags(), word)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := l.announce(word, listener.Address()); err != nil {
		return err
	}
	if l.keepOpen {
		return l.serve(ctx, listener)
	}
	conn, err := l.accept(ctx, listener, l.wait)
	if err != nil {
		return err
	}
	return l.carry(ctx, conn, "the connection on "+listener.Address().String())
}

// listen binds the address, or a fresh one if word is empty.
func (l *listenOptions) listen(flags *pflag.FlagSet, word string) (*duct.Listener, error) {
	var address duct.Address
	var err error
	if word != "" {
		if address, err = duct.ParseAddress(word); err != nil {
			return nil, err
		}
	}
	ends := []duct.Address{address}
	if err := l.who.prepare(flags, roles{bound: ends, guarded: ends}); err != nil {
		return nil, err
	}
	return l.bind(address, duct.ListenOptions{Mode: l.mode.mode, Refused: l.report}, &l.who)
}

// privateFolders are where a fresh socket may live, the best first.
func privateFolders() []string {
	var dirs []string
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.Getenv("TMPDIR"), "/tmp"} {
		if dir != "" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// accept waits for the one peer of listener. When it has come, the address is gone.
func (a *app) accept(ctx context.Context, listener *duct.Listener, wait durationValue) (duct.Conn, error) {
	ctx, cancel := timeLimit(ctx, wait.d, "nobody connected to "+listener.Address().String())
	defer cancel()
	conn, err := listener.Accept(ctx)
	if err != nil {
		return nil, cancelled(ctx, err)
	}
	a.detail("%s has a peer", listener.Address())
	return conn, listener.Close()
}
