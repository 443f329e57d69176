package main

import (
	"strings"

	"ductworks/cmd"
)

// render writes a page in the language of man(7), in the order of man-pages(7).
func render(p cmd.Page, all []cmd.Page, date string) []byte {
	r := &roff{}
	r.line(".TH", strings.ToUpper(p.Name), "1", date, "ductworks", "User Commands")
	r.section("NAME")
	r.text(p.Name + " - " + p.Short)
	r.section("SYNOPSIS")
	r.synopsis(p.Usage)
	r.section("DESCRIPTION")
	r.text(description(p))
	for _, c := range p.Commands {
		r.entry(bold(c.Term), c.Meaning)
	}
	r.section("OPTIONS")
	for _, g := range p.Groups {
		r.subsection(g.Heading)
		for _, f := range g.Flags {
			r.entry(flagTerm(f), flagMeaning(f))
		}
	}
	if p.Carries || p.Name == all[0].Name {
		r.topics(cmd.Topics())
	}
	if p.Examples != "" {
		r.section("EXAMPLES")
		r.example(p.Examples)
	}
	r.section("SEE ALSO")
	r.seeAlso(p, all)
	return []byte(r.String())
}

func description(p cmd.Page) string {
	if p.Long != "" {
		return p.Long
	}
	return p.Name + ": " + p.Short + "."
}

func (r *roff) topics(topics []cmd.Topic) {
	for _, t := range topics {
		r.section(t.Title)
		if t.Text != "" {
			r.text(t.Text)
		}
		for _, e := range t.Lines {
			r.entry(bold(e.Term), e.Meaning)
		}
	}
}

func flagTerm(f cmd.Flag) string {
	term := bold("--" + f.Name)
	if f.Shorthand != "" {
		term = bold("-"+f.Shorthand) + ", " + term
	}
	if f.Value != "" {
		term += " " + italic(f.Value)
	}
	return term
}

func flagMeaning(f cmd.Flag) string {
	if f.Default == "" {
		return f.Usage
	}
	return f.Usage + " (default " + f.Default + ")"
}

// seeAlso names the pages above, below and beside p.
func (r *roff) seeAlso(p cmd.Page, all []cmd.Page) {
	var others []string
	for _, other := range all {
		if other.Name != p.Name {
			others = append(others, bold(other.Name)+"(1)")
		}
	}
	for _, name := range []string{"jq", "nc", "socat"} {
		others = append(others, bold(name)+"(1)")
	}
	r.raw(strings.Join(others, ",\n"))
}
