//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ductworks/cmd"
)

// watchSignals gives a context that the first signal to end us cancels, the
// signal being its cause. The second one finds the system's default action and
// kills at once. A signal that was ignored when we started, as under nohup or
// in a background job, stays ignored.
func watchSignals() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	caught := make(chan os.Signal, 1)
	var watched []os.Signal
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(s) {
			watched = append(watched, s)
		}
	}
	if len(watched) > 0 {
		signal.Notify(caught, watched...)
	}
	go func() {
		s := <-caught
		signal.Reset(watched...)
		cancel(cmd.SignalError{Signal: s.(syscall.Signal)})
	}()
	// Otherwise the Go runtime would let SIGPIPE on stdout end us, past all
	// that there is to clean up. So a write gives EPIPE.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return ctx
}

// exit ends the process: by the signal that ended the work, if one did, so
// that a shell sees what happened, and else with a status.
func exit(status int, err error) {
	var sig cmd.SignalError
	switch {
	case errors.Is(err, cmd.ErrOutputClosed) && !signal.Ignored(syscall.SIGPIPE):
		signal.Reset(syscall.SIGPIPE)
		os.Stdout.Write([]byte{'\n'}) // nobody reads it: the signal comes from trying
	case errors.As(err, &sig) && sig.Signal != syscall.SIGQUIT: // which would print goroutines
		signal.Reset(sig.Signal)
		syscall.Kill(os.Getpid(), sig.Signal)
		time.Sleep(time.Second) // the signal comes first
	}
	os.Exit(status)
}
