package cmd

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"
)

// The answers to when something is shown.
const (
	whenAuto   = "auto" // where a person would see it
	whenAlways = "always"
	whenNever  = "never"
)

var whens = []string{whenAuto, whenAlways, whenNever}

// whenValue is a flag's answer to when something is shown. Its zero value is auto.
type whenValue struct{ when string }

func (v *whenValue) Type() string { return "when" }
func (v *whenValue) String() string {
	if v.when == "" {
		return whenAuto
	}
	return v.when
}

func (v *whenValue) Set(s string) error {
	if !slices.Contains(whens, s) {
		return errors.New("one of " + listOf(whens))
	}
	v.when = s
	return nil
}

// or says whether it is shown, auto being the answer where nobody has given one.
func (v *whenValue) or(auto bool) bool {
	return v.when == whenAlways || v.String() == whenAuto && auto
}

var completeWhen = cobra.FixedCompletions(whens, cobra.ShellCompDirectiveNoFileComp)
