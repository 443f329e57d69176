// Command ductworks is a netcat for messages: it sends and receives whole
// messages over sockets, one send being one recv.
package main

import (
	"os"

	"ductworks/cmd"
)

func main() {
	ctx := watchSignals()
	status, err := cmd.Run(ctx, os.Args[1:], cmd.SystemStreams())
	exit(status, err)
}
