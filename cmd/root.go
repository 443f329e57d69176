// Package cmd is the application: its commands, their flags and configuration,
// and what becomes of errors. It holds no loop over bytes.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"ductworks/internal/relay"
)

// app is what all commands of a run share.
type app struct {
	streams *Streams
	args    []string // the command line, nil where all commands are to be looked at
	config  string   // the --config flag
	verbose int
	quiet   bool
}

// A Program is one command line, and all that it can call.
type Program struct {
	app  *app
	root *cobra.Command
	out  *outWriter
}

// New makes what the command line args can call. Nothing is looked at but args.
func New(args []string, s *Streams) *Program {
	a := &app{streams: s, args: args}
	p := &Program{app: a, root: newRoot(a), out: &outWriter{w: s.Out}}
	p.root.SetArgs(args)
	p.root.SetOut(p.out)
	addCompletion(p.root)
	if isCompletion(args) {
		completeFlags(p.root)
	}
	return p
}

// Run executes the command line, once. It has told the user of the error that
// it returns, which is for a caller that wants to know how the work ended.
func (p *Program) Run(ctx context.Context) (int, error) {
	err := p.root.ExecuteContext(ctx)
	if p.out.err != nil {
		err = p.out.err
	}
	if err != nil && !silent(err) {
		p.app.streams.complain(err)
	}
	return status(err), err
}

// An outWriter is stdout for help pages and completions. Those who print them
// look at no error, so it is kept.
type outWriter struct {
	w   io.Writer
	err error
}

func (o *outWriter) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	switch {
	case err == nil:
	case errors.Is(err, syscall.EPIPE):
		o.err = ErrOutputClosed
	default:
		o.err = &relay.BrokenError{End: "stdout", Writing: true, Err: err}
	}
	return n, err
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "ductworks COMMAND",
		Short: "netcat for messages",
		Long: `ductworks connects programs by ducts: channels where one send is one recv,
over ordinary sockets. Records on stdin become messages, received messages
become records on stdout.`,
		Example: `  ductworks listen /tmp/a.sock
  printf '"hi"\n{"n":1}\n' | ductworks connect /tmp/a.sock`,
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              cobra.ArbitraryArgs,
		RunE:              a.withoutCommand,
		PersistentPreRunE: a.configure,

		SuggestionsMinimumDistance: 2,
	}
	root.SetErr(a.streams.Err)
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("ductworks {{.Version}}\n")
	root.SetUsageFunc(usage)
	fs := root.PersistentFlags()
	fs.SortFlags = false
	fs.CountVarP(&a.verbose, "verbose", "v", "``say on stderr what happens (-vv: show each message)")
	fs.BoolVar(&a.quiet, "quiet", false, "say nothing on stderr but errors")
	fs.StringVar(&a.config, "config", "", "configuration `FILE` (empty: none, and no environment)")
	fs.Var(&a.streams.color, "color", "colour errors, and the prompt at a terminal: "+listOf(whens))
	root.RegisterFlagCompletionFunc("color", completeWhen)
	group(fs, "Seeing", "verbose", "quiet", "color")
	if one := a.called(); one != nil {
		root.AddCommand(one)
		root.CompletionOptions.DisableDefaultCmd = true
		return root
	}
	root.AddCommand(newListen(a), newConnect(a), newExec(a), newPair(a), newConfig(a), newVersion())
	root.SetHelpCommand(newHelp())
	for _, c := range root.Commands() {
		c.SuggestFor = lookalikes[c.Name()]
	}
	return root
}

// allCommands gives a root with every command, to look up what there is.
func allCommands() *cobra.Command { return newRoot(&app{streams: &Streams{}}) }

// called makes the command with which the command line begins, if that is one
// that carries messages: it can do without the flags of the others, and those
// are what takes time.
func (a *app) called() *cobra.Command {
	if len(a.args) == 0 {
		return nil
	}
	switch a.args[0] {
	case "listen":
		return newListen(a)
	case "connect":
		return newConnect(a)
	case "exec":
		return newExec(a)
	case "pair":
		return newPair(a)
	}
	return nil
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	slices.Sort(names)
	return names
}

// note tells the user what is no error, unless asked to be quiet.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		a.streams.say(format, args...)
	}
}

// detail tells what -v asks for.
func (a *app) detail(format string, args ...any) {
	if a.verbose > 0 {
		a.note(format, args...)
	}
}

// report tells of an error that does not end the work.
func (a *app) report(err error) { a.streams.complain(err) }

// listOf joins words for people: a, b or c.
func listOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// messageError says which --message flag is wrong.
func messageError(number int, err error) error {
	return fmt.Errorf("--message %d: %w", number, err)
}

// cancelled says whether err is that of a context, and which cause it has.
func cancelled(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return err
}
