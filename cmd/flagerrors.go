package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError says what is wrong with the flags of a command line.
func flagError(c *cobra.Command, err error) error {
	var (
		invalid *pflag.InvalidValueError
		unknown *pflag.NotExistError
		bare    *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &invalid):
		err = fmt.Errorf("--%s %q: %w", invalid.GetFlag().Name, invalid.GetValue(), valueFault(err))
	case errors.As(err, &unknown):
		return unknownFlag(c, unknown)
	case errors.As(err, &bare):
		f := bare.GetFlag()
		err = fmt.Errorf("--%s needs a value: a %s", f.Name, valueName(f))
	}
	return usagef("%w (see %s --help)", err, c.CommandPath())
}

// valueName is how help pages call the value of a flag.
func valueName(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	return name
}

// unknownFlag says of a flag that c does not have what was probably meant.
func unknownFlag(c *cobra.Command, e *pflag.NotExistError) error {
	name := e.GetSpecifiedName()
	shown := "--" + name
	if e.GetSpecifiedShortnames() != "" {
		shown = "-" + name
	}
	for _, guess := range []func(*cobra.Command, string) string{ofHabit, ofAnotherCommand, misspelt} {
		if hint := guess(c, name); hint != "" {
			return usagef("%s has no flag %s: %s", c.Name(), shown, hint)
		}
	}
	return usagef("%s has no flag %s (see %s --help)", c.Name(), shown, c.CommandPath())
}

// ofAnotherCommand finds the commands that do have a flag of this name.
func ofAnotherCommand(_ *cobra.Command, name string) string {
	var owners []string
	for _, other := range allCommands().Commands() {
		f := other.LocalFlags().Lookup(name)
		if len(name) == 1 {
			f = other.LocalFlags().ShorthandLookup(name)
		}
		if f != nil && other.IsAvailableCommand() {
			owners = append(owners, other.Name())
		}
	}
	if len(owners) == 0 {
		return ""
	}
	return "it is a flag of " + listOf(owners)
}

// misspelt finds the flags of c whose names are the nearest to name, and near.
func misspelt(c *cobra.Command, name string) string {
	var nearest []string
	least := furthest + 1
	take := func(f *pflag.Flag) {
		switch d := slips(name, f.Name); {
		case d < least:
			nearest, least = []string{"--" + f.Name}, d
		case d == least && d <= furthest:
			nearest = append(nearest, "--"+f.Name)
		}
	}
	c.LocalFlags().VisitAll(take)
	c.InheritedFlags().VisitAll(take)
	if len(nearest) == 0 {
		return ""
	}
	return "did you mean " + listOf(nearest) + "?"
}

// furthest is how many slips of the fingers still leave a word recognisable.
const furthest = 2

// slips is how many of them make typed of name, of which the beginning is
// enough. What has little in common with it is further than furthest.
func slips(typed, name string) int {
	if len(typed) > 2 && strings.HasPrefix(name, typed) {
		return 0
	}
	d := distance(strings.ToLower(typed), name)
	if 3*d > len(name)+1 {
		return furthest + 1
	}
	return d
}

// distance is Levenshtein's: how many bytes have to be put in, taken out or
// replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// valueFault is what a flag has against the value that it was given. Flags of
// pflag's own types leave that to strconv, whose words are for programmers.
func valueFault(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	cause := invalid.Unwrap()
	if !errors.As(cause, new(*strconv.NumError)) {
		return cause
	}
	if invalid.GetFlag().Value.Type() == "bool" {
		return errors.New("neither true nor false")
	}
	return errors.New("not a number")
}
