package main

import "strings"

// A roff is text in the language of man(7).
type roff struct{ strings.Builder }

// escaper keeps characters as they are that groff would set otherwise.
var escaper = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

func bold(s string) string   { return `\fB` + escaper.Replace(s) + `\fR` }
func italic(s string) string { return `\fI` + escaper.Replace(s) + `\fR` }

// line writes a request with its arguments.
func (r *roff) line(request string, args ...string) {
	for _, a := range args {
		request += ` "` + strings.ReplaceAll(escaper.Replace(a), `"`, `\(dq`) + `"`
	}
	r.raw(request)
}

// raw writes what is roff already.
func (r *roff) raw(s string) { r.WriteString(s + "\n") }

func (r *roff) section(title string)    { r.line(".SH", title) }
func (r *roff) subsection(title string) { r.line(".SS", title) }

// text writes text whose lines may be filled anew.
func (r *roff) text(s string) {
	for line := range strings.Lines(s) {
		r.raw(plain(line))
	}
}

// entry writes a tagged paragraph. Its term is roff already.
func (r *roff) entry(term, meaning string) {
	r.raw(".TP")
	r.raw(term)
	r.text(meaning)
}

// example writes lines that stay as they are.
func (r *roff) example(s string) {
	r.raw(".nf")
	r.text(s)
	r.raw(".fi")
}

// synopsis sets the words in bold that are typed as they stand.
func (r *roff) synopsis(usage string) {
	words := strings.Fields(usage)
	for i, w := range words {
		words[i] = escaper.Replace(w)
		if strings.ToLower(w) == w && !strings.ContainsAny(w, "[.") {
			words[i] = bold(w)
		}
	}
	r.raw(strings.Join(words, " "))
}

// plain is a line that begins no request.
func plain(line string) string {
	line = escaper.Replace(strings.TrimRight(line, "\n"))
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}
