package cmd

import "github.com/spf13/cobra"

// addCompletion gives root its completion command, in our words. What it
// prints goes to where root's output goes by now.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c := findCommand(root, "completion")
	if c == nil {
		return
	}
	c.Use = "completion SHELL"
	c.Short = "print a script that completes commands and flags in a shell"
	c.Long = `completion prints a script for bash, zsh, fish or PowerShell, which completes
commands, flags and their values. completion SHELL --help says where to put it.`
	c.Example = `  source <(ductworks completion bash)
  ductworks completion fish >~/.config/fish/completions/ductworks.fish`
	c.Args, c.RunE = cobra.ArbitraryArgs, withoutShell
}

// withoutShell answers a completion command that names no shell that there is.
func withoutShell(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("completion needs a shell: one of %s", listOf(commandNames(c)))
	}
	return usagef("there is no completion for %q: one of %s", args[0], listOf(commandNames(c)))
}
