package duct

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"unix:/x/y":            "unix:/x/y",
		"/x/y":                 "unix:/x/y",
		"//x/./y/../z":         "unix:/x/z",
		"unix:rel":             "unix:" + filepath.Join(wd, "rel"),
		"rel":                  "unix:" + filepath.Join(wd, "rel"),
		"./8080":               "unix:" + filepath.Join(wd, "8080"),
		"unix:8080":            "unix:" + filepath.Join(wd, "8080"),
		"./@x":                 "unix:" + filepath.Join(wd, "@x"),
		"unix:a:b":             "unix:" + filepath.Join(wd, "a:b"),
		"a:b/c":                "unix:" + filepath.Join(wd, "a:b/c"),
		"unix:a://b":           "unix:" + filepath.Join(wd, "a:/b"),
		"tcp:example.org:80":   "tcp:example.org:80",
		"example.org:80":       "tcp:example.org:80",
		"localhost:0":          "tcp:localhost:0",
		":8080":                "tcp:127.0.0.1:8080",
		"tcp::8080":            "tcp:127.0.0.1:8080",
		"tcp::0":               "tcp:127.0.0.1:0",
		"[::1]:80":             "tcp:[::1]:80",
		"tcp:[0:0::1]:80":      "tcp:[::1]:80",
		"[fe80::1%eth0]:80":    "tcp:[fe80::1%eth0]:80",
		"[::ffff:1.2.3.4]:80":  "tcp:[::ffff:1.2.3.4]:80",
		"tcp:1.2.3.4:00080":    "tcp:1.2.3.4:80",
		"tcp:1.2.3.4:65535":    "tcp:1.2.3.4:65535",
		"under_score-x.y:1":    "tcp:under_score-x.y:1",
		"tls:example.org:443":  "tls:example.org:443",
		"tls::443":             "tls:127.0.0.1:443",
		"fd:0":                 "fd:0",
		"fd:3":                 "fd:3",
		"fd:2147483647":        "fd:2147483647",
		"unix:/tmp/päth with ": "unix:/tmp/päth with ",
	} {
		if got := parse(t, in).String(); got != want {
			t.Errorf("ParseAddress(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestParseAddressAbstract(t *testing.T) {
	if runtime.GOOS != "linux" {
		if _, err := ParseAddress("@x"); !isAddressError(err) {
			t.Errorf("@x: %v", err)
		}
		return
	}
	for in, want := range map[string]string{
		"@x":        "unix:@x",
		"unix:@x":   "unix:@x",
		"@a/b:c":    "unix:@a/b:c",
		"unix:@a b": "unix:@a b",
	} {
		if got := parse(t, in); got.String() != want || !got.IsAbstract() {
			t.Errorf("ParseAddress(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	for in, hint := range map[string]string{
		"":                             "empty",
		"8080":                         "tcp::8080",
		"tcp:8080":                     "tcp::8080?",
		"tls:443":                      "tls::443?",
		"http://example.org/x":         "tcp:example.org?",
		"tcp://localhost:80":           "tcp:localhost:80?",
		"tls://localhost:80":           "tls:localhost:80?",
		"unix:///run/x":                "unix:/run/x?",
		"./a://b":                      "URL",
		"tcp:http://x:80":              "URL",
		"unix:":                        "no path",
		"unix:@":                       "",
		"@":                            "",
		"::1:80":                       "[::1]:PORT",
		"udp:localhost:80":             "HOST:PORT",
		"localhost:http":               "number",
		"localhost:":                   "number",
		"localhost:-1":                 "number",
		"localhost:+80":                "number",
		"localhost:65536":              "65535",
		"tcp:":                         "HOST:PORT",
		"tcp:localhost":                "HOST:PORT",
		"tcp:/run/x":                   "HOST:PORT",
		"tcp:a b:80":                   "host",
		"user@host:80":                 "host",
		"[a:b]:80":                     "host",
		"[::1":                         "HOST:PORT",
		"fd:":                          "fd:3?",
		"fd:x":                         "fd:3?",
		"fd:-1":                        "fd:3?",
		"fd:2147483648":                "fd:3?",
		"/x\x00y":                      "NUL",
		"@x\x00y":                      "NUL",
		"/" + strings.Repeat("x", 200): "201",
	} {
		a, err := ParseAddress(in)
		if !isAddressError(err) {
			t.Errorf("ParseAddress(%q) = %s, %v, want an *AddressError", in, a, err)
			continue
		}
		if !strings.Contains(err.Error(), hint) || strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("ParseAddress(%q): %q does not say %q on one line", in, err, hint)
		}
	}
}

func TestSocketPathLength(t *testing.T) {
	base := "/" + strings.Repeat("x", maxSocketPath-1)
	if _, err := ParseAddress(base); err != nil {
		t.Errorf("%d bytes: %v", len(base), err)
	}
	if _, err := ParseAddress(base + "x"); !isAddressError(err) {
		t.Errorf("%d bytes: %v", len(base)+1, err)
	}
	if runtime.GOOS == "linux" && maxSocketPath != 107 {
		t.Errorf("a path can have %d bytes", maxSocketPath)
	}
}

func TestAddressParts(t *testing.T) {
	a := parse(t, "[::1]:80")
	if a.Scheme() != TCP || a.Host() != "::1" || a.Port() != 80 || a.HostPort() != "[::1]:80" || a.Path() != "" || a.FD() != -1 {
		t.Errorf("parts of %s are wrong", a)
	}
	a = parse(t, "/x")
	if !a.IsUnix() || a.IsAbstract() || a.Path() != "/x" || a.Host() != "" || a.HostPort() != "" || a.Port() != 0 {
		t.Errorf("parts of %s are wrong", a)
	}
	if a = parse(t, "fd:7"); a.FD() != 7 || a.Port() != 0 {
		t.Errorf("parts of %s are wrong", a)
	}
	if !(Address{}).IsZero() || a.IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestAddressErrorUnwraps(t *testing.T) {
	cause := errors.New("cause")
	err := error(&AddressError{Word: "w", Reason: "is bad", Err: cause, Hint: "do better"})
	if want := `address "w" is bad: cause; do better`; err.Error() != want || !errors.Is(err, cause) {
		t.Errorf("%q, want %q", err, want)
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"/x", "x", "@x", "unix:@a://b", "tcp::80", "[::1%a]:80", "fd:3", "tls:a:1", "8080", "a://b", "./a:b", "[::ffff:1.2.3.4%x]:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			if !isAddressError(err) || strings.ContainsAny(err.Error(), "\n\r\x00\x1b") {
				t.Fatalf("ParseAddress(%q): %q", s, err)
			}
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Fatalf("ParseAddress(%q) = %q, which parses as %q, %v", s, a, again, err)
		}
	})
}

func TestLabelIsFitForTheEyes(t *testing.T) {
	for a, want := range map[Address]string{
		{}:                               "the peer",
		{scheme: Unix}:                   "the peer",
		{scheme: Unix, name: "/x"}:       "unix:/x",
		{scheme: Unix, name: "/\x1b[2J"}: `"unix:/\x1b[2J"`,
	} {
		if got := a.label(); got != want {
			t.Errorf("label %q, want %q", got, want)
		}
	}
}
