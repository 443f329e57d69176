//go:build !linux

package duct

import (
	"errors"
	"io"
	"os"
)

// A Hold is there on Linux.
type Hold struct{}

// NewHold gives errors.ErrUnsupported.
func NewHold(Conn, *os.File) (*Hold, error) { return nil, errors.ErrUnsupported }

// Fill is there on Linux.
func (*Hold) Fill(int64) (int64, error) { return 0, errors.ErrUnsupported }

// Read is there on Linux.
func (*Hold) Read([]byte) (int, error) { return 0, io.EOF }

// MoveTo is there on Linux.
func (*Hold) MoveTo(*os.File) (int64, error) { return 0, errors.ErrUnsupported }

// Close is there on Linux.
func (*Hold) Close() {}
