//go:build !linux

package duct

import (
	"errors"
	"os"
)

func sendSpliced(Conn, *os.File, int64) (int64, error) { return 0, errors.ErrUnsupported }

func receiveSpliced(Conn, *os.File, int64) (int64, error) { return 0, errors.ErrUnsupported }

func forwardSpliced(Conn, Conn, int64) (int64, error) { return 0, errors.ErrUnsupported }
