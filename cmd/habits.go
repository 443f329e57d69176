package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"ductworks/internal/format"
)

// habits are flags that fingers know from nc, socat, ncat, curl and jq, and
// what does their work here.
var habits = map[string]string{
	"l":          "to listen is a command, ductworks listen ADDRESS",
	"listen":     "to listen is a command, ductworks listen ADDRESS",
	"p":          "a port is part of the address, such as :7000",
	"port":       "a port is part of the address, such as :7000",
	"U":          "a path is an address, such as ./a.sock",
	"unix":       "a path is an address, such as ./a.sock",
	"unixsock":   "a path is an address, such as ./a.sock",
	"u":          "messages travel over streams alone, not over UDP",
	"udp":        "messages travel over streams alone, not over UDP",
	"z":          "to probe an address would take its only place",
	"c":          "a command comes last (listen and connect: after --)",
	"e":          "a command comes last (listen and connect: after --)",
	"exec":       "a command comes last (listen and connect: after --)",
	"sh-exec":    "a command comes last (listen and connect: after --)",
	"N":          "it is what always happens at the end of stdin (--no-shutdown is the contrary)",
	"r":          "-f text shows strings without their quotes",
	"R":          "-f text makes a string of each line",
	"raw-output": "-f text shows strings without their quotes",
	"raw-input":  "-f text makes a string of each line",
	"data":       "-m TEXT sends a message",
	"o":          "stdout can be redirected, > FILE",
	"V":          "the version is told by ductworks --version",
	"ssl":        "TLS is part of the address, tls:HOST:PORT",
	"tls":        "TLS is part of the address, tls:HOST:PORT",
}

// ofHabit says what does here what a flag does elsewhere.
func ofHabit(_ *cobra.Command, name string) string {
	if _, err := format.Find(name); err == nil {
		return "a format is chosen by -f " + name
	}
	return habits[name]
}

// lookalikes are words for what a command does, by which other tools call it.
var lookalikes = map[string][]string{
	"listen":  {"server", "serve", "bind", "accept", "receive", "recv"},
	"connect": {"client", "dial", "send", "open", "talk"},
	"exec":    {"run", "spawn", "start", "command"},
	"pair":    {"join", "proxy", "tap", "relay", "bridge", "socketpair"},
}

// withoutCommand answers a command line that names no command that there is.
func (a *app) withoutCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		c.SetOut(a.streams.Err)
		c.Help()
		return usagef("no command was given")
	}
	word := args[0]
	if near := c.SuggestionsFor(word); len(near) > 0 {
		return usagef("there is no command %q: did you mean %s?", word, listOf(near))
	}
	if looksLikeAddress(args) {
		return usagef("%q is no command: ductworks connect ADDRESS, or ductworks listen ADDRESS?", word)
	}
	return usagef("there is no command %q: one of %s", word, listOf(commandNames(c)))
}

// looksLikeAddress knows the addresses of this tool, and the host and port of
// those whose arguments are two.
func looksLikeAddress(args []string) bool {
	return strings.ContainsAny(args[0], ":/@.") || isPort(args[0]) || len(args) == 2 && isPort(args[1])
}

func isPort(word string) bool {
	return word != "" && len(word) <= len("65535") && strings.Trim(word, "0123456789") == ""
}
