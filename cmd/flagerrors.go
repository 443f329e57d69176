package cmd

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError says what is wrong with the flags of a command line.
func flagError(c *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return usagef("--%s %q: %w (see %s --help)", invalid.GetFlag().Name, invalid.GetValue(), valueFault(err), c.CommandPath())
	}
	return usagef("%w (see %s --help)", err, c.CommandPath())
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
