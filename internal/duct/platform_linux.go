package duct

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

const abstractSockets = true

// presetMode sets the mode that bind(2) starts from. Should it fail, the umask
// does the same everywhere but under a default ACL.
func presetMode(fd int, mode fs.FileMode) { _ = unix.Fchmod(fd, uint32(mode.Perm())) }
