package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"ductworks/internal/child"
	"ductworks/internal/duct"
	"ductworks/internal/format"
	"ductworks/internal/frame"
	"ductworks/internal/relay"
)

// Exit statuses, with the names of sysexits(3) where it has one.
const (
	exitOK          = 0
	exitUsage       = 64
	exitDataErr     = 65
	exitNoInput     = 66
	exitUnavailable = 69
	exitIOErr       = 74
	exitProtocol    = 76
	exitNoPerm      = 77
	exitConfig      = 78
	exitTimeout     = 124 // as timeout(1)
	exitUnrunnable  = 126 // as sh(1)
	exitMissing     = 127 // as sh(1)
	exitSignal      = 128 // and the signal's number, as sh(1)
)

// meanings says when we end with which status.
func meanings() []Entry {
	return []Entry{
		{strconv.Itoa(exitOK), "all done"},
		{strconv.Itoa(exitUsage), "the command line is wrong"},
		{strconv.Itoa(exitDataErr), "stdin, -m or a received message does not fit the format"},
		{strconv.Itoa(exitNoInput), "a file that a flag names cannot be read"},
		{strconv.Itoa(exitUnavailable), "no connection, no place to listen; the peer ended before -n was reached; the program never connected"},
		{strconv.Itoa(exitIOErr), "the connection or stdout broke"},
		{strconv.Itoa(exitProtocol), "the peer does not speak the protocol: no frame, half a frame, too large a message"},
		{strconv.Itoa(exitNoPerm), "no permission to connect, or a peer refused: another user, a bad certificate, no TLS"},
		{strconv.Itoa(exitConfig), "the configuration file or an environment variable is wrong"},
		{strconv.Itoa(exitTimeout), "a timeout"},
		{fmt.Sprintf("%d, %d", exitUnrunnable, exitMissing), "the program cannot be run; there is no such program"},
		{fmt.Sprintf("%d+N", exitSignal), "ended by signal N"},
		{"other", "the program's own status, with exec, pair and -- CMD"},
	}
}

// ErrOutputClosed says that the reader of stdout went away, about which
// nothing is said to anybody.
var ErrOutputClosed = relay.ErrOutputClosed

// A SignalError says that a signal ended the work.
type SignalError struct{ Signal syscall.Signal }

func (e SignalError) Error() string { return "ended by signal: " + e.Signal.String() }

// usageError is a command line that cannot be followed.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// inputError is a file named by a flag that cannot be read.
type inputError struct{ error }

// configError is a wrong configuration file or environment variable.
type configError struct{ error }

// commandError is the status of a CMD that ended by itself, which is ours then.
type commandError struct{ status int }

func (e commandError) Error() string {
	return fmt.Sprintf("the command ended with status %d", e.status)
}

// statuses maps what can go wrong to how we end. The first match counts.
var statuses = []struct {
	match  func(error) bool
	status int
}{
	{is[usageError], exitUsage},
	{is[*duct.AddressError], exitUsage},
	{is[*format.RecordError], exitDataErr},
	{is[*relay.UnfitError], exitDataErr},
	{is[inputError], exitNoInput},
	{is[*duct.UnavailableError], exitUnavailable},
	{is[*relay.CountError], exitUnavailable},
	{is[*neverConnectedError], exitUnavailable},
	{is[*relay.BrokenError], exitIOErr},
	{is[*frame.MagicError], exitProtocol},
	{is[*frame.TornError], exitProtocol},
	{is[*frame.SizeError], exitProtocol},
	{is[*duct.TLSError], exitProtocol},
	{is[*duct.RefusedError], exitNoPerm},
	{is[configError], exitConfig},
	{is[*relay.TimeoutError], exitTimeout},
	{is[*child.UnrunnableError], exitUnrunnable},
	{is[*child.MissingError], exitMissing},
}

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// status is what we end with because of err.
func status(err error) int {
	var (
		sig SignalError
		cmd commandError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &cmd):
		return cmd.status
	case errors.As(err, &sig):
		return exitSignal + int(sig.Signal)
	case errors.Is(err, ErrOutputClosed):
		return exitSignal + int(syscall.SIGPIPE)
	}
	for _, s := range statuses {
		if s.match(err) {
			return s.status
		}
	}
	return exitIOErr
}

// silent says whether nothing is to be said about err: the user knows already,
// or has been told.
func silent(err error) bool {
	return is[commandError](err) || is[SignalError](err) || errors.Is(err, ErrOutputClosed) ||
		is[reportedError](err) || is[*relay.UnfitError](err)
}

// reportedError is an error that the user has been told of.
type reportedError struct{ error }

func (e reportedError) Unwrap() error { return e.error }

// endsReported says whether the relay has told the user of err when it came up.
func endsReported(err error) bool {
	var broken *relay.BrokenError
	return is[*format.RecordError](err) || errors.As(err, &broken) && !broken.Duct && !broken.Writing
}
