package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ductworks/internal/format"
	"ductworks/internal/relay"
)

// messageFlags say what a message is and how it is written on stdin and stdout.
type messageFlags struct {
	both, in, out formatValue
	delimiter     string
	null          bool
	messages      []string
	maxSize       sizeValue
}

func (m *messageFlags) register(c *cobra.Command) {
	fs := c.Flags()
	fs.StringArrayVarP(&m.messages, "message", "m", nil, "send `TEXT` instead of reading stdin (repeatable)")
	group(fs, "Messages", "message")
	m.registerFormats(c)
}

// registerFormats registers the flags that have a meaning without our own stdin, too.
func (m *messageFlags) registerFormats(c *cobra.Command) {
	m.both.Format = format.Formats()[0]
	m.maxSize = 64 << 20
	fs := c.Flags()
	fs.VarP(&m.both, "format", "f", "format of records: "+listOf(format.Names()))
	fs.Var(&m.in, "in", "format of the records to send, where it differs")
	fs.Var(&m.out, "out", "format of the records received, where it differs")
	fs.StringVarP(&m.delimiter, "delimiter", "d", "", "`STRING` ends a record of text and raw, in place of a newline")
	fs.BoolVarP(&m.null, "null", "0", false, "a NUL byte ends a record of text and raw")
	fs.Var(&m.maxSize, "max-message-size", "largest message, either way")
	for _, name := range []string{"format", "in", "out"} {
		c.RegisterFlagCompletionFunc(name, completeFormats)
	}
	group(fs, "Messages", "format", "in", "out", "delimiter", "null", "max-message-size")
}

// completeFormats offers each format with what a record of it is.
func completeFormats(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var offers []string
	for _, f := range format.Formats() {
		offers = append(offers, cobra.CompletionWithDesc(f.Name, f.Summary))
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// check settles what the flags leave open and finds contradictions.
func (m *messageFlags) check(fs *pflag.FlagSet) error {
	if m.in.Name == "" {
		m.in = m.both
	}
	if m.out.Name == "" {
		m.out = m.both
	}
	favourLine(fs, "null", "delimiter")
	favourLine(fs, "message", "recv-only")
	if !m.in.Delimited && !m.out.Delimited {
		setAside(fs, "null", "delimiter")
	}
	if len(m.messages) > 0 && fs.Lookup("recv-only") != nil && fs.Changed("recv-only") {
		return usagef("--message and --recv-only contradict each other")
	}
	delimited := m.in.Delimited || m.out.Delimited
	switch {
	case m.null && fs.Changed("delimiter"):
		return usagef("--null and --delimiter contradict each other")
	case fs.Changed("delimiter") && m.delimiter == "":
		return usagef("--delimiter is empty: nothing would end a record (-0 is for NUL)")
	case (m.null || m.delimiter != "") && !delimited:
		return usagef("--delimiter and --null are for the formats text and raw (add -f text?)")
	}
	return nil
}

func (m *messageFlags) options() format.Options {
	o := format.Options{Delimiter: []byte(m.delimiter), Limit: int64(m.maxSize)}
	if m.null {
		o.Delimiter = []byte{0}
	}
	return o
}

// payloads gives what the --message flags stand for.
func (m *messageFlags) payloads() ([][]byte, error) {
	var all [][]byte
	for i, text := range m.messages {
		p, err := m.in.Message(text, m.options())
		if err != nil {
			return nil, messageError(i+1, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// output is where received messages are written to.
func (m *messageFlags) output(s *Streams) relay.Output {
	o := relay.Output{
		Name:    "stdout",
		Writer:  s.Out,
		Format:  m.out.Format,
		Encoder: m.out.NewEncoder(m.options()),
		Report:  s.complain,
	}
	if s.OutTerminal {
		o.Encoder = format.Printable(m.out.Format, m.options())
	}
	return o
}
