package cmd

import (
	"strings"
	"testing"
)

// TestMistakesTeach types what people type who know other tools, or slip.
func TestMistakesTeach(t *testing.T) {
	for _, test := range []struct{ line, says string }{
		{"-l 7000", "ductworks has no flag -l: to listen is a command, ductworks listen ADDRESS"},
		{"listen -lk a.sock", "listen has no flag -l: to listen is a command, ductworks listen ADDRESS"},
		{"listen -p 7000", "listen has no flag -p: a port is part of the address, such as :7000"},
		{"listen 7000", `address "7000" is a bare number; tcp::7000, fd:7000 or ./7000?`},
		{"connect localhost 7000", `connect takes one address, and "7000" is another word: localhost:7000?`},
		{"connect http://localhost:7000/", `address "http://localhost:7000/" looks like a URL; tcp:localhost:7000?`},
		{"localhost:7000", `"localhost:7000" is no command: ductworks connect ADDRESS, or ductworks listen ADDRESS?`},
		{"localhost 7000", `"localhost" is no command: ductworks connect ADDRESS, or ductworks listen ADDRESS?`},
		{"conect a.sock", `there is no command "conect": did you mean connect?`},
		{"server a.sock", `there is no command "server": did you mean listen?`},
		{"nonsense", `there is no command "nonsense": one of completion, config, connect, exec, listen, pair or version`},
		{"connect --formt text a.sock", "connect has no flag --formt: did you mean --format?"},
		{"connect --tls-nam x a:1", "connect has no flag --tls-nam: did you mean --tls-name?"},
		{"connect --time 5 a.sock", "connect has no flag --time: did you mean --timeout?"},
		{"listen --KeepOpen a.sock", "listen has no flag --KeepOpen: did you mean --keep-open?"},
		{"connect --text a.sock", "connect has no flag --text: a format is chosen by -f text"},
		{"connect -r a.sock", "connect has no flag -r: -f text shows strings without their quotes"},
		{"connect -k a.sock", "connect has no flag -k: it is a flag of listen"},
		{"connect --at :0 a.sock", "connect has no flag --at: it is a flag of exec"},
		{"connect -c cat a.sock", "connect has no flag -c: a command comes last (listen and connect: after --)"},
		{"connect -Y a.sock", "connect has no flag -Y (see ductworks connect --help)"},
		{"connect --in", "--in needs a value: a format (see ductworks connect --help)"},
		{"connect -f yaml a.sock", `--format "yaml": no such format: one of json, text, raw, base64, hex, frame or whole (see ductworks connect --help)`},
	} {
		r := execute(t, strings.Fields(test.line)...)
		if r.status != exitUsage || r.errout != "ductworks: "+test.says+"\n" {
			t.Errorf("%s: status %d\ngot  %swant ductworks: %s", test.line, r.status, r.errout, test.says)
		}
	}
}
