package duct

import "golang.org/x/sys/unix"

// peerOf asks for LOCAL_PEERCRED; see unix(4) there.
func peerOf(fd int) (Peer, error) {
	c, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	return Peer{UID: int(c.Uid), GID: int(c.Groups[0])}, nil
}
