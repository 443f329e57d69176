// Command manpages writes the manual pages from what the help says. scripts/man
// runs it.
//
//	manpages FOLDER          writes them
//	manpages -check FOLDER   says which of them are not as they would be written
//
// The pages have no date, unless $SOURCE_DATE_EPOCH holds the seconds of one.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"ductworks/cmd"
)

func main() {
	check := flag.Bool("check", false, "write nothing, compare")
	flag.Parse()
	if err := run(flag.Arg(0), *check); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

func run(folder string, check bool) error {
	date, err := dateOfPages(os.Getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return err
	}
	pages := cmd.Pages()
	handle := os.WriteFile
	if check {
		handle = compare
	}
	var errs []error
	for _, p := range pages {
		path := filepath.Join(folder, p.Name+".1")
		errs = append(errs, handle(path, render(p, pages, date), 0o644))
	}
	return errors.Join(errs...)
}

// dateOfPages is a day in UTC, or nothing where seconds is empty.
func dateOfPages(seconds string) (string, error) {
	if seconds == "" {
		return "", nil
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return "", fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds", seconds)
	}
	return time.Unix(n, 0).UTC().Format(time.DateOnly), nil
}

// compare is os.WriteFile for those who want to know whether it would change anything.
func compare(path string, page []byte, _ os.FileMode) error {
	there, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(there, page) {
		return fmt.Errorf("%s is not what the help says (run scripts/man)", path)
	}
	return nil
}
