package cmd

import (
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"ductworks/internal/duct"
)

// usersValue is a flag's list of users, which grows with each Set.
type usersValue struct {
	words  []string // as they were given
	uids   []int
	anyone bool
}

func (v *usersValue) Type() string       { return "user" }
func (v *usersValue) String() string     { return strings.Join(v.words, " ") }
func (v *usersValue) GetSlice() []string { return v.words }

func (v *usersValue) Set(s string) error { return v.Append(s) }

// Append and Replace, with GetSlice, make it a pflag.SliceValue.
func (v *usersValue) Append(s string) error {
	if s == "any" {
		v.anyone = true
	} else {
		uid, err := uidOf(s)
		if err != nil {
			return err
		}
		v.uids = append(v.uids, uid)
	}
	v.words = append(v.words, s)
	return nil
}

func (v *usersValue) Replace(words []string) error {
	*v = usersValue{}
	for _, s := range words {
		if err := v.Append(s); err != nil {
			return err
		}
	}
	return nil
}

// uidOf takes digits for a uid, whether or not anybody has it.
func uidOf(s string) (int, error) {
	if uid, err := strconv.ParseUint(s, 10, 31); err == nil {
		return int(uid), nil
	}
	u, err := user.Lookup(s)
	var unknown user.UnknownUserError
	switch {
	case errors.As(err, &unknown):
		return 0, errors.New("there is no such user (a name, a uid or any)")
	case err != nil:
		return 0, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return 0, errors.New("users have no uid on this system")
	}
	return uid, nil
}

func (v *usersValue) given() bool { return v.anyone || len(v.uids) > 0 }

// admit gives what package duct is to ask about a peer, nil for its own rule.
func (v *usersValue) admit() func(duct.Peer) error {
	if !v.given() {
		return nil
	}
	return func(p duct.Peer) error {
		if v.anyone || slices.Contains(v.uids, p.UID) {
			return nil
		}
		return fmt.Errorf("uid %d is none of those that --allow-user names", p.UID)
	}
}
