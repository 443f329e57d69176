package frame

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// sniffLength is how many bytes resemblance can use.
const sniffLength = 16

// signatures are the beginnings of what is found at a duct by mistake.
var signatures = []struct{ prefix, name string }{
	{"\x16\x03", "a TLS handshake (RFC 8446): is this a tls: address?"},
	{"\x15\x03", "a TLS alert (RFC 8446): is this a tls: address?"},
	{"HTTP/", "an HTTP response: there is a web server at this address"},
	{"GET ", "an HTTP request: a web client has come here"},
	{"HEAD ", "an HTTP request: a web client has come here"},
	{"POST ", "an HTTP request: a web client has come here"},
	{"PUT ", "an HTTP request: a web client has come here"},
	{"DELETE ", "an HTTP request: a web client has come here"},
	{"OPTIONS ", "an HTTP request: a web client has come here"},
	{"CONNECT ", "an HTTP request: a web client has come here"},
	{"PRI * HTTP/2", "an HTTP/2 request: a web client has come here"},
	{"SSH-", "an SSH server's greeting"},
	{"\x1f\x8b", "gzip data"},
	{"PK\x03\x04", "a zip archive"},
	{"\x00\x00", "frames of another protocol, with a length and no magic byte (Python's multiprocessing.connection has such)"},
	{"\x80\x02", "a bare pickle, without a frame"},
	{"\x80\x03", "a bare pickle, without a frame"},
	{"\x80\x04", "a bare pickle, without a frame"},
	{"\x80\x05", "a bare pickle, without a frame"},
	{"\xef\xbb\xbf", "text with a byte order mark, without a frame"},
}

// resemblance says in words what b, the beginning of something that is no
// frame, looks like.
func resemblance(b []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(b, []byte(s.prefix)) {
			return s.name
		}
	}
	switch {
	case looksLikeJSON(b):
		return "JSON text, without a frame"
	case looksLikeText(b):
		return "plain text, without a frame"
	}
	return fmt.Sprintf("binary data (% x)", b)
}

func looksLikeJSON(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 {
		return false
	}
	return bytes.IndexByte([]byte(`{["-0123456789`), b[0]) >= 0 ||
		bytes.HasPrefix(b, []byte("true")) || bytes.HasPrefix(b, []byte("false")) || bytes.HasPrefix(b, []byte("null"))
}

func looksLikeText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		cutShort := r == utf8.RuneError && n == 1 && !utf8.FullRune(b)
		isText := r >= ' ' && r != 0x7f && r != utf8.RuneError || r == '\t' || r == '\r' || r == '\n'
		if !isText {
			return cutShort
		}
		b = b[n:]
	}
	return true
}
