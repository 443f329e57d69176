package prompt

import (
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ductworks/internal/format"
)

// A sitting is a prompt, the person in front of it and what came of it.
type sitting struct {
	*person
	*Prompt
	reads     chan string // what Read gave
	end       chan error  // why it gave no more
	explained chan string
}

// sit begins to read from a prompt for records of a format.
func sit(t *testing.T, name string, change func(*Options)) *sitting {
	t.Helper()
	f, err := format.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	s := &sitting{person: newPerson(t), reads: make(chan string, 100), end: make(chan error, 1), explained: make(chan string, 100)}
	o := Options{
		In: s.terminal, Out: s.terminal, Delimiter: "\n",
		Check:   func(text []byte) error { return format.Check(f, text, format.Options{Limit: 1 << 20}) },
		Explain: func(err error) { s.explained <- err.Error() },
	}
	if change != nil {
		change(&o)
	}
	s.Prompt = New(o)
	go s.read()
	t.Cleanup(func() { s.Close() })
	s.sees(signs{o.Colour}.prompt(false))
	return s
}

func (s *sitting) read() {
	b := make([]byte, 1<<20)
	for {
		n, err := s.Read(b)
		if err != nil {
			s.end <- err
			return
		}
		s.reads <- string(b[:n])
	}
}

func (s *sitting) gives(want string) {
	s.t.Helper()
	expect(s.t, "read", s.reads, want)
}

func (s *sitting) explains(want string) {
	s.t.Helper()
	expect(s.t, "explained", s.explained, want)
}

func (s *sitting) ends() {
	s.t.Helper()
	expect(s.t, "the end", s.end, io.EOF)
}

func expect[T comparable](t *testing.T, what string, from chan T, want T) {
	t.Helper()
	select {
	case got := <-from:
		if got != want {
			t.Fatalf("%s: got %q, want %q", what, any(got), any(want))
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: never came: %q", what, any(want))
	}
}

func TestRecords(t *testing.T) {
	s := sit(t, "json", nil)
	s.types("{\"a\":1}\r")
	s.gives("{\"a\":1}\n")
	s.types("1 {}[2] \"x\"\r")
	s.gives("1 {}[2] \"x\"\n")
	s.types("{\r")
	s.sees(". ")
	s.types("\"a\":[1,\r2]}\r")
	s.gives("{\n\"a\":[1,\n2]}\n")
	s.types("\x04")
	s.ends()
}

func TestPasteOfManyLines(t *testing.T) {
	s := sit(t, "json", nil)
	s.types(strings.Repeat("[\n1,\n2]\n", 20))
	for range 20 {
		s.gives("[\n1,\n2]\n")
	}
}

func TestPasteOfALongLine(t *testing.T) {
	s := sit(t, "json", nil)
	long := `"` + strings.Repeat("日本 x", 4000) + `"`
	s.types(long + "\r")
	select {
	case got := <-s.reads:
		if got != long+"\n" {
			t.Errorf("got %d bytes, not %d", len(got), len(long)+1)
		}
	case why := <-s.explained:
		t.Error(why)
	case <-time.After(20 * time.Second):
		t.Error("nothing came")
	}
}

func TestOneLineARecord(t *testing.T) {
	s := sit(t, "text", func(o *Options) { o.Delimiter = "\x00" })
	s.types("{\r\r日本 ü\r")
	s.gives("{\x00")
	s.gives("\x00")
	s.gives("日本 ü\x00")
}

func TestWhatIsWrongIsExplained(t *testing.T) {
	s := sit(t, "json", nil)
	s.types("hello\r")
	s.explains(`not JSON: "hello" is no value (use -f text for lines of plain text)`)
	s.types("{\r]\r")
	s.explains("line 2: not JSON: ']' where a name should stand (names have double quotation marks in JSON)")
	s.types("\"\xff\"\r")
	s.explains("the terminal has sent bytes that are not UTF-8 (-f hex and -f base64 send any bytes)")
	s.types("{\r")
	s.sees(". ")
	s.types("\x04")
	s.explains("the unfinished record is dropped (Ctrl-D again ends sending)")
	s.types("7\r")
	s.gives("7\n")
	s.types("\x10\x10\x10\x7f}\r") // what was wrong, from the history, mended
	s.gives("{ }\n")
}

func TestArrivalsStandAboveTheLine(t *testing.T) {
	s := sit(t, "json", nil)
	s.types("[1,")
	s.sees("[1,")
	if n, err := s.Write([]byte("< {}\n")); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	s.sees("\x1b[J< {}\r\n> \x1b[0K[1,")
	s.types("2]\r")
	s.gives("[1,2]\n")
}

func TestColours(t *testing.T) {
	s := sit(t, "json", func(o *Options) { o.Colour = true })
	s.types("[\r")
	s.sees(green + "." + plain + " ")
}

// Whatever ends the typing, the terminal is as it was.
func TestModesAreGivenBack(t *testing.T) {
	for name, end := range map[string]func(*sitting){
		"Ctrl-D": func(s *sitting) { s.types("\x04") },
		"Close":  func(s *sitting) { s.Close() },
		"Close in the middle of a line": func(s *sitting) {
			s.types("[1]")
			s.sees("[1]")
			s.Close()
		},
		"Close in the middle of a record": func(s *sitting) {
			s.types("[\r")
			s.sees(". ")
			s.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var found unix.Termios
			s := sit(t, "json", func(o *Options) {
				m, err := unix.IoctlGetTermios(int(o.In.Fd()), getTermios)
				if err != nil {
					t.Fatal(err)
				}
				found = *m
			})
			if typing := s.person.modes(); typing.Lflag&unix.ICANON != 0 || typing.Lflag&unix.ISIG == 0 {
				t.Errorf("while typing: %x", typing.Lflag)
			}
			end(s)
			s.ends()
			if after := s.person.modes(); after != found {
				t.Errorf("found %v, left %v", found, after)
			}
			if len(s.reads) > 0 || len(s.explained) > 0 {
				t.Error("something was handed on, or explained")
			}
		})
	}
}

func TestCloseBeforeRead(t *testing.T) {
	p := newPerson(t)
	before := p.modes()
	prompt := New(Options{In: p.terminal, Out: p.terminal})
	prompt.Close()
	if _, err := prompt.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
	prompt.Write([]byte("< 1\n"))
	p.sees("< 1\r\n")
	if p.modes() != before || strings.Contains(p.screen(), ">") {
		t.Errorf("%q", p.screen())
	}
}

func TestHistoryOutlivesThePrompt(t *testing.T) {
	path := t.TempDir() + "/history"
	for range 2 {
		h, err := OpenHistory(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := sit(t, "json", func(o *Options) { o.History = h })
		if len(h.all()) > 0 {
			s.types("\x10\r") // Ctrl-P
			s.gives("[ 1 ]\n")
		} else {
			s.types("[\r1\r]\r")
			s.gives("[\n1\n]\n")
		}
		s.Close()
	}
}
