//go:build !unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"ductworks/cmd"
)

// watchSignals gives a context that an interrupt cancels. The second one kills.
func watchSignals() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt)
	go func() {
		<-caught
		signal.Reset(os.Interrupt)
		cancel(cmd.SignalError{Signal: syscall.SIGINT})
	}()
	return ctx
}

func exit(status int, _ error) { os.Exit(status) }
