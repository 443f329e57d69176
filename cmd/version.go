package cmd

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// release is the version of this tree. A release build sets it with -ldflags.
var release = "0.1.0-dev"

func version() string {
	return fmt.Sprintf("%s (%s, %s/%s)", release, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), "ductworks", version())
			return err
		},
	}
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, not %q", c.CommandPath(), args[0])
	}
	return nil
}
