package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ductworks/internal/format"
)

// A settingsPage is all that config shows.
type settingsPage struct {
	File     *string   `json:"file"` // null where none is looked for
	Exists   bool      `json:"exists"`
	Settings []setting `json:"settings"`
}

// A setting is a flag of a command as it would be for a call.
type setting struct {
	Command string `json:"command"`
	Flag    string `json:"flag"`
	Value   any    `json:"value"` // a string, a list of them, or nil
	Source  string `json:"source"`
	Where   string `json:"where,omitempty"`
}

// configure is what happens to a command before it runs.
func (p *settingsPage) configure(a *app, c *cobra.Command) error {
	if a.ignoresConfig(c.Flags()) {
		return nil
	}
	file, err := a.configFile()
	if err != nil {
		return err
	}
	if file.path != "" {
		p.File, p.Exists = &file.path, !file.missing
	}
	return file.apply(c)
}

func (p *settingsPage) add(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if commandLineOnly[f.Name] {
			return
		}
		from := originOf(f)
		p.Settings = append(p.Settings, setting{c.Name(), f.Name, valueOf(f), from.source, from.where})
	})
}

// valueOf gives a flag's value in the words that the flag would take.
func valueOf(f *pflag.Flag) any {
	list, isList := f.Value.(pflag.SliceValue)
	switch {
	case f.Value.String() == "":
		return nil
	case isList:
		return list.GetSlice()
	}
	return f.Value.String()
}

func (p *settingsPage) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(p)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "# %s\n", format.Escape(p.headline()))
	for _, s := range p.Settings {
		from := strings.TrimSpace(s.Source + " " + s.Where)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Command, s.Flag, s.shown(), format.Escape(from))
	}
	return table.Flush()
}

// headline says which file is read.
func (p *settingsPage) headline() string {
	switch {
	case p.File == nil:
		return "no configuration file is read"
	case !p.Exists:
		return "configuration file: " + *p.File + " (there is none)"
	}
	return "configuration file: " + *p.File
}

func (s setting) shown() string {
	switch v := s.Value.(type) {
	case string:
		return format.Escape(v)
	case []string:
		return format.Escape(strings.Join(v, " "))
	}
	return "-"
}
