package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// durationValue is a flag's duration: Go's notation, or a bare number of seconds.
type durationValue struct {
	d   time.Duration
	set bool
}

func (v *durationValue) Type() string { return "duration" }
func (v *durationValue) String() string {
	if v.d == 0 && !v.set {
		return ""
	}
	return v.d.String()
}

func (v *durationValue) Set(s string) error {
	d, err := parseDuration(s)
	if err != nil {
		return err
	}
	v.d, v.set = d, true
	return nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if seconds, nerr := strconv.ParseFloat(s, 64); nerr == nil {
		if math.IsNaN(seconds) || math.Abs(seconds) > math.MaxInt64/1e9 {
			return 0, errors.New("out of range")
		}
		d, err = time.Duration(seconds*1e9), nil
	}
	switch {
	case err != nil:
		return 0, errors.New("not a duration: say 1.5s, 200ms, 2m, or a number of seconds")
	case d < 0:
		return 0, errors.New("a duration is not negative")
	}
	return d, nil
}

// largestSize is how people write the largest size, which has no round name.
const largestSize = "4GiB-1"

// sizeUnits are what may follow a number of bytes: powers of 1024 have an i.
var sizeUnits = map[string]float64{
	"": 1, "b": 1, "k": 1e3, "kb": 1e3, "kib": 1 << 10, "m": 1e6, "mb": 1e6, "mib": 1 << 20,
	"g": 1e9, "gb": 1e9, "gib": 1 << 30,
}

// sizeValue is a flag's number of bytes, such as 64MiB. Of the libraries for
// this, the best kept costs a seventh of our start-up for its tables.
type sizeValue int64

func (v *sizeValue) Type() string { return "size" }

// String gives what Set takes, as one word.
func (v *sizeValue) String() string {
	return strings.NewReplacer(" bytes", "", " ", "").Replace(frame.FormatSize(int64(*v)))
}

func (v *sizeValue) Set(s string) error {
	n, ok := parseSize(s)
	switch {
	case !ok || n < 1:
		return errors.New("not a size: say 4096, 512KiB, 64MiB, 1GiB")
	case n > float64(frame.MaxPayload):
		return fmt.Errorf("a message has at most %s (%d bytes)", largestSize, frame.MaxPayload)
	}
	*v = sizeValue(n)
	return nil
}

func parseSize(s string) (n float64, ok bool) {
	if s == largestSize {
		return float64(frame.MaxPayload), true
	}
	digits := strings.TrimRightFunc(s, unicode.IsLetter)
	unit, ok := sizeUnits[strings.ToLower(s[len(digits):])]
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	return n * unit, ok && err == nil && !math.IsNaN(n)
}

// modeValue is a flag's file mode, in octal digits.
type modeValue struct {
	mode fs.FileMode
	set  bool
}

func (v *modeValue) Type() string   { return "mode" }
func (v *modeValue) String() string { return fmt.Sprintf("%04o", uint32(v.mode)) }

func (v *modeValue) Set(s string) error {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > 0o777 {
		return errors.New("not a file mode: say three or four octal digits, such as 0660")
	}
	v.mode, v.set = fs.FileMode(n), true
	return nil
}

// formatValue is a flag's format, by its name.
type formatValue struct{ format.Format }

func (v *formatValue) Type() string   { return "format" }
func (v *formatValue) String() string { return v.Name }

func (v *formatValue) Set(s string) error {
	f, err := format.Find(s)
	if err != nil {
		return errors.New("no such format: one of " + listOf(format.Names()))
	}
	v.Format = f
	return nil
}

// countValue is a flag's number of messages, from 1.
type countValue int64

func (v *countValue) Type() string   { return "number" }
func (v *countValue) String() string { return strconv.FormatInt(int64(*v), 10) }

func (v *countValue) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return errors.New("not a number of messages: say 1 or more")
	}
	*v = countValue(n)
	return nil
}
