package cmd

import (
	"fmt"
	"io"
	"strings"

	"ductworks/internal/format"
)

// A Topic is what all commands have in common about one thing. It is a page of
// the help and a section of the manual pages.
type Topic struct {
	Name  string // as in ductworks help NAME
	Title string // of the section
	Short string // for lists
	Text  string // what stands before the entries
	Lines []Entry
}

// An Entry is a line of a table: a term and what it means.
type Entry struct{ Term, Meaning string }

// Topics lists what there is help about, beyond the commands.
func Topics() []Topic {
	return []Topic{
		formatsTopic(),
		{"addresses", "ADDRESSES", "where an end can be reached", addressesText, addresses()},
		{"statuses", "EXIT STATUS", "what each exit status means", statusesText, meanings()},
		{"environment", "ENVIRONMENT", "variables that are read, and those that CMD is given", "", environment()},
		{"files", "FILES", "what is read and made in the file system", "", files()},
	}
}

func formatsTopic() Topic {
	t := Topic{"formats", "FORMATS", "how messages are written on stdin and stdout", formatsText, nil}
	for _, f := range format.Formats() {
		t.Lines = append(t.Lines, Entry{f.Name, f.Summary})
	}
	return t
}

const formatsText = `A format says what a record on stdin or stdout is, and which message it stands
for. --format sets both directions, --in what is read and --out what is printed.`

const addressesText = `An address is where one end of a duct can be reached.`

const statusesText = `The names are those of sysexits(3). Every failure is one line on stderr.`

func addresses() []Entry {
	return []Entry{
		{"PATH, unix:PATH", "a Unix socket: any word with a slash, or without a colon"},
		{"@NAME, unix:@NAME", "a Unix socket of Linux's abstract name space"},
		{"HOST:PORT, tcp:HOST:PORT", "TCP; no HOST is 127.0.0.1, and port 0 lets listen pick a free one"},
		{"tls:HOST:PORT", "the same inside TLS 1.3"},
		{"fd:N", "an inherited socket, connected (connect) or listening (listen)"},
		{"none", "listen, exec, pair: a fresh Unix socket in a private folder; connect: $DUCTWORKS_FD, else $DUCTWORKS_ADDRESS"},
	}
}

func environment() []Entry {
	return []Entry{
		{"DUCTWORKS_FLAG", "the value of a flag that is not on the command line, as DUCTWORKS_IDLE_TIMEOUT is that of --idle-timeout; it wins over the configuration file"},
		{"DUCTWORKS_CONFIG", "the configuration file"},
		{"DUCTWORKS_FD, DUCTWORKS_ADDRESS", "where connect connects to if it is given no address; exec and pair set one of them for CMD"},
		{"DUCTWORKS_PATH, DUCTWORKS_HOST, DUCTWORKS_PORT", "parts of the address, set for CMD"},
		{"DUCTWORKS", "the path of the running ductworks, set for CMD"},
		{"DUCTWORKS_CONN", "the number of the connection, set for the CMD of listen -k"},
		{"PROTO, TCPREMOTEIP, TCPREMOTEPORT", "the peer, set for the CMD of listen -k: TCP, its address and port"},
		{"PROTO, IPCREMOTEEUID, IPCREMOTEEGID", "the same on a Unix socket: IPC, its user and group"},
		{"XDG_CONFIG_HOME", "where the configuration file is looked for"},
		{"XDG_STATE_HOME", "where the history of the prompt is kept"},
		{"XDG_RUNTIME_DIR, TMPDIR", "where private sockets are made"},
		{"NO_COLOR", "no colours, unless --color says otherwise"},
		{"TERM", "a terminal that is dumb, or has no name, gets no prompt and no colours"},
	}
}

func files() []Entry {
	return []Entry{
		{"~/.config/ductworks/config.yaml", "the configuration file: flags and their values, and sections named after commands"},
		{"~/.local/state/ductworks/history", "what was typed at the prompt, of mode 0600; a link to /dev/null keeps none"},
		{"$XDG_RUNTIME_DIR/ductworks-*/duct", "a private socket, in a folder of mode 0700; both are removed at the end"},
		{"FILE of --lock", "made with mode 0600 if there is none, and left as it is"},
	}
}

// A page of the help has lines of 80 columns, of which terms take the first.
const (
	pageWidth = 80
	termWidth = 12
)

// print writes the topic for people at a terminal.
func (t Topic) print(w io.Writer) {
	if t.Text != "" {
		fmt.Fprintf(w, "%s\n\n", t.Text)
	}
	margin := strings.Repeat(" ", termWidth)
	for _, e := range t.Lines {
		term := fmt.Sprintf("  %-*s", termWidth-2, e.Term)
		if len(e.Term) > termWidth-4 {
			term += "\n" + margin
		}
		fmt.Fprintln(w, term+strings.Join(wrap(e.Meaning, pageWidth-termWidth), "\n"+margin))
	}
}

// wrap breaks text into lines of at most width bytes.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return append(lines, line)
}
