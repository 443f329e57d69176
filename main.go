// Command ductworks is a netcat for messages: it sends and receives whole
// messages over sockets, one send being one recv.
package main

import (
	"context"
	"os"

	"ductworks/cmd"
)

func main() {
	// To have signals caught is mostly to wait for the runtime.
	watching := make(chan context.Context)
	go func() { watching <- watchSignals() }()
	program := cmd.New(os.Args[1:], cmd.SystemStreams())
	exit(program.Run(<-watching))
}
