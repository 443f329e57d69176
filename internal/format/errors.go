package format

import (
	"errors"
	"fmt"

	"ductworks/internal/frame"
)

// A RecordError says that the input is not a record of its format.
type RecordError struct {
	// Where names the place of the fault, such as "line 7"; empty for a single message.
	Where string
	// Reason says what is wrong, Hint (where there is one) what to do about it.
	Reason, Hint string
	// Unfinished says that the input ended within a record: what there is of
	// it is right so far.
	Unfinished bool
}

func (e *RecordError) Error() string {
	return withHint(join(e.Where, e.Reason), e.Hint)
}

// An UnfitError says that a payload cannot be shown in the format of the output.
type UnfitError struct {
	// Reason says why not, Hint (where there is one) what to do about it.
	Reason, Hint string
}

func (e *UnfitError) Error() string { return withHint(e.Reason, e.Hint) }

func join(where, reason string) string {
	if where == "" {
		return reason
	}
	return fmt.Sprintf("%s: %s", where, reason)
}

func withHint(text, hint string) string {
	if hint == "" {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, hint)
}

// errTooLarge says that a record goes on beyond the limit.
var errTooLarge = errors.New("record over the limit")

// tooLarge is the error for a record whose payload is over the limit.
func tooLarge(where string, limit int64) *RecordError {
	return &RecordError{
		Where:  where,
		Reason: "larger than the limit of " + frame.FormatSize(limit),
		Hint:   "raise it with --max-message-size",
	}
}
