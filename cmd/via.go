package cmd

import (
	"errors"
	"fmt"
	"strings"
)

// The ways in which a CMD is given its end of a duct.
const (
	viaAddress = "address" // it is told where to connect
	viaFD      = "fd"      // it inherits a connected socket
	viaPipe    = "pipe"    // its stdin and stdout carry frames
	viaStdio   = "stdio"   // its stdin and stdout hold records
)

// viaValue is a flag's way, one of those in allowed.
type viaValue struct {
	way     string
	allowed []string
}

func (v *viaValue) Type() string   { return "way" }
func (v *viaValue) String() string { return v.way }

func (v *viaValue) Set(s string) error {
	for _, way := range v.allowed {
		if s == way {
			v.way = s
			return nil
		}
	}
	return errors.New("one of " + listOf(v.allowed))
}

// ductVariables are what a CMD learns its end of a duct from. Those of an
// outer duct never reach the CMD of an inner one.
var ductVariables = []string{"", "_ADDRESS", "_PATH", "_HOST", "_PORT", "_FD"}

// childEnv is the environment env without what is said there of an outer duct,
// and with the given variables, whose names lack their prefix.
func childEnv(env []string, variables map[string]string) []string {
	var all []string
	for _, entry := range env {
		if !isDuctVariable(entry) {
			all = append(all, entry)
		}
	}
	for _, name := range ductVariables {
		if value, ok := variables[name]; ok {
			all = append(all, fmt.Sprintf("%s%s=%s", envPrefix, name, value))
		}
	}
	return all
}

func isDuctVariable(entry string) bool {
	for _, name := range ductVariables {
		if strings.HasPrefix(entry, envPrefix+name+"=") {
			return true
		}
	}
	return false
}
