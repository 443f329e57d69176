package cmd

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"ductworks/internal/child"
	"ductworks/internal/duct"
	"ductworks/internal/relay"
)

// separator stands between the two commands of a pair.
const separator = "::"

// pairOptions are the flags of pair.
type pairOptions struct {
	messageFlags
	launcher
	listens, connects []string
	mode              modeValue
	idle, timeout     durationValue
	seeing
	security securityFlags

	argvs [][]string // of the commands
	paths []string   // of their programs
}

func newPair(a *app) *cobra.Command {
	p := &pairOptions{launcher: launcher{app: a}}
	p.who = &p.security
	p.mode.mode = 0o600
	way := &viaValue{way: viaStdio, allowed: []string{viaStdio, viaAddress, viaFD, viaPipe}}
	c := &cobra.Command{
		Use:   "pair [flags] [CMD [ARG...] [:: CMD [ARG...]]]",
		Short: "join two ends, each an address or a program",
		Long: `pair carries messages between two ends, which are in this order what --listen and
--connect name, the commands, which :: separates, and fresh addresses, which are
printed on stdout. Payloads pass unseen.`,
		Example: `  ductworks pair ./guess.sh :: ./think.sh
  ductworks pair --record - --listen /tmp/front.sock --connect /tmp/back.sock
  ductworks pair                         # prints two addresses to hand out`,
		ValidArgsFunction: completeCommands,
		RunE: func(c *cobra.Command, args []string) error {
			p.via = way.way
			return runPair(c.Context(), p, c, args)
		},
	}
	p.register(c, way)
	return c
}

func (p *pairOptions) register(c *cobra.Command, way *viaValue) {
	fs := c.Flags()
	fs.SortFlags = false
	fs.SetInterspersed(false)
	fs.StringArrayVar(&p.listens, "listen", nil, "an end is whoever connects to `ADDRESS`")
	fs.StringArrayVar(&p.connects, "connect", nil, "an end is whoever listens at `ADDRESS`")
	fs.Var(way, "via", "how commands get their ends: "+listOf(way.allowed))
	fs.Var(&p.mode, "mode", "mode of the socket file of --listen")
	group(fs, "Ends", "listen", "connect", "via", "mode")
	p.registerFormats(c)
	fs.VarP(&p.wait, "wait", "w", "how long the duct may take to come about (default 10s for --connect)")
	fs.VarP(&p.idle, "idle-timeout", "i", "end with 124 when nothing has moved for so long")
	fs.Var(&p.timeout, "timeout", "end with 124 after so long in all")
	group(fs, "Ending", "wait", "idle-timeout", "timeout")
	p.security.register(c, true)
	p.registerSeeing(c)
	fs.Lookup("record").Usage += " (-: stdout)"
	completeVia(c, way)
}

func runPair(ctx context.Context, p *pairOptions, c *cobra.Command, args []string) error {
	if err := p.prepare(c, args); err != nil {
		return err
	}
	ctx, cancel := timeLimit(ctx, p.timeout.d, "--timeout: the work did not end")
	defer cancel()
	if p.isDirect() {
		return p.runDirect(ctx)
	}
	if err := p.openWatch(p.app); err != nil {
		return err
	}
	ends, err := p.open(ctx)
	if err != nil {
		return err
	}
	return p.join(ctx, ends)
}

// prepare checks all that can be checked before anything is bound or started.
func (p *pairOptions) prepare(c *cobra.Command, args []string) (err error) {
	if p.argvs, err = splitCommands(args); err != nil {
		return err
	}
	if n := len(p.listens) + len(p.connects) + len(p.argvs); n > 2 {
		return usagef("a pair has two ends and not %d", n)
	}
	if err := p.messageFlags.check(c.Flags()); err != nil {
		return err
	}
	for _, argv := range p.argvs {
		path, err := lookCommand(argv)
		if err != nil {
			return err
		}
		p.paths = append(p.paths, path)
	}
	return p.prepareSecurity(c)
}

// prepareSecurity lets --allow-user guard the ends at which we listen.
func (p *pairOptions) prepareSecurity(c *cobra.Command) error {
	bound, err := parseAll(p.listens)
	if err != nil {
		return err
	}
	dialled, err := parseAll(p.connects)
	if err != nil {
		return err
	}
	if len(p.listens)+len(p.connects)+len(p.argvs) < 2 || len(p.argvs) > 0 && p.via == viaAddress {
		bound = append(bound, duct.Address{})
	}
	return p.security.prepare(c.Flags(), roles{dialled: dialled, bound: bound, guarded: bound})
}

func parseAll(words []string) ([]duct.Address, error) {
	var all []duct.Address
	for _, word := range words {
		a, err := duct.ParseAddress(word)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// splitCommands takes CMD [ARG...] [:: CMD [ARG...]] apart.
func splitCommands(args []string) ([][]string, error) {
	if len(args) == 0 {
		return nil, nil
	}
	argvs := [][]string{nil}
	for _, arg := range args {
		if arg == separator {
			argvs = append(argvs, nil)
			continue
		}
		last := len(argvs) - 1
		argvs[last] = append(argvs[last], arg)
	}
	for _, argv := range argvs {
		if len(argv) == 0 {
			return nil, usagef("a command is missing beside the %s", separator)
		}
	}
	return argvs, nil
}

// isDirect says whether two commands can hold the two ends of one socket pair,
// since nothing between them is to be watched, recorded or timed.
func (p *pairOptions) isDirect() bool {
	return len(p.argvs) == 2 && p.via == viaFD && p.verbose == 0 && !p.isWatching(p.app) && !p.stats &&
		!p.showsProgress(p.app) && p.idle.d == 0 && p.timeout.d == 0
}

// runDirect starts both commands with a duct between them, and waits.
func (p *pairOptions) runDirect(ctx context.Context) error {
	ends, err := socketpair()
	if err != nil {
		return err
	}
	var processes []*child.Process
	for i, argv := range p.argvs {
		spec := p.spec(p.paths[i], argv, map[string]string{"_FD": "3"})
		spec.Files = []*os.File{ends[i]}
		var started *child.Process
		if err == nil {
			started, err = child.Start(spec)
		}
		if started != nil {
			processes = append(processes, started)
		}
		ends[i].Close()
	}
	return waitForAll(ctx, processes, err)
}

func socketpair() ([2]*os.File, error) {
	a, b, err := duct.Socketpair()
	return [2]*os.File{a, b}, err
}

// join carries messages between the ends until their conversation is over.
func (p *pairOptions) join(ctx context.Context, ends *pairEnds) error {
	first, second := ends.list[0], ends.list[1]
	r, err := p.converse(ctx, p.app, first, second, relay.Options{
		Linger: relay.Forever, IdleTimeout: p.idle.d, Report: p.report,
	})
	p.detail("%d messages from the first end to the second, %d back", r.Sent, r.Received)
	return waitForAll(ctx, ends.processes, err)
}
