package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"ductworks/internal/duct"
	"ductworks/internal/relay"
)

// execOptions are what only exec has.
type execOptions struct {
	session
	launcher launcher
}

func newExec(a *app) *cobra.Command {
	e := &execOptions{session: session{app: a}, launcher: launcher{app: a}}
	way := &viaValue{way: viaAddress, allowed: []string{viaAddress, viaFD, viaPipe}}
	c := &cobra.Command{
		Use:   "exec [flags] CMD [ARG...]",
		Short: "start a program with a duct to it and talk",
		Long: `exec starts CMD and hands it one end of a duct; the other end is our stdin and
stdout. By default CMD is given an address to connect to: in $DUCTWORKS_ADDRESS,
and in place of each argument that is {}. What it prints goes to our stderr, and
its exit status is ours. Flags after CMD are CMD's own.`,
		Example: `  printf '"ping"\nnull\n' | ductworks exec python3 child.py {}
  ductworks exec --via fd sh -c '"$DUCTWORKS" connect -m "\"hello\""'
  ductworks exec --via pipe ssh host ductworks connect -f frame /run/app.sock`,
		ValidArgsFunction: completeCommands,
		RunE: func(c *cobra.Command, args []string) error {
			e.launcher.via, e.launcher.wait = way.way, e.endingFlags.wait
			return runExec(c.Context(), e, c, args)
		},
	}
	e.register(c)
	e.who.register(c, false)
	e.launcher.who = &e.who
	fs := c.Flags()
	fs.SetInterspersed(false)
	fs.Var(way, "via", "how CMD gets its end: "+listOf(way.allowed))
	fs.StringVar(&e.launcher.at, "at", "", "make `ADDRESS` for CMD, in place of a private one")
	group(fs, "Command", "via", "at")
	completeVia(c, way)
	return c
}

// completeVia offers the ways of --via.
func completeVia(c *cobra.Command, way *viaValue) {
	c.RegisterFlagCompletionFunc("via", cobra.FixedCompletions(way.allowed, cobra.ShellCompDirectiveNoFileComp))
}

func runExec(ctx context.Context, e *execOptions, c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usagef("exec needs a command to start")
	case e.launcher.at != "" && e.launcher.via != viaAddress:
		return usagef("--at and --via %s contradict each other", e.launcher.via)
	}
	if err := e.prepare(c, args); err != nil {
		return err
	}
	if err := e.prepareSecurity(c); err != nil {
		return err
	}
	if err := e.openWatch(e.app); err != nil {
		return err
	}
	ctx, cancel := e.limited(ctx)
	defer cancel()
	h, err := e.launcher.launch(ctx, e.path, e.argv)
	if err != nil {
		return err
	}
	far := h.end(relay.DuctOptions{
		Limit:    int64(e.maxSize),
		Sole:     true,
		StayOpen: e.noShutdown || e.recvOnly,
		Stream:   e.streamsOut(),
	})
	r, err := e.carryStdio(ctx, far, e.endingFlags.options(e.report))
	err = waitFor(ctx, h.Process, err)
	e.summarize(r, far.Dropped())
	return err
}

func (e *execOptions) prepareSecurity(c *cobra.Command) error {
	address, err := e.launcher.address()
	if err != nil {
		return err
	}
	var ends []duct.Address
	if e.launcher.via == viaAddress {
		ends = append(ends, address)
	}
	return e.who.prepare(c.Flags(), roles{bound: ends, guarded: ends})
}
