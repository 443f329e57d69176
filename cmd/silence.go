package cmd

import (
	"context"
	"time"

	"ductworks/internal/relay"
)

// answerPatience is how long a CMD may say nothing before -v wonders why.
const answerPatience = 3 * time.Second

// noticeSilence tells, once, of a CMD that has been given messages and has sent
// none: most often it holds back what it prints. It returns when ctx ends.
func noticeSilence(ctx context.Context, soFar func() relay.Result, tell func(format string, args ...any)) {
	ticker := time.NewTicker(answerPatience / 6)
	defer ticker.Stop()
	asked := time.Now()
	for {
		r := soFar()
		switch {
		case r.Sent > 0:
			return
		case r.Received == 0:
			asked = time.Now()
		case time.Since(asked) >= answerPatience:
			tell("the command has been given messages (%d) and has sent none for %v: if it keeps its output in a buffer, "+
				"start it with stdbuf -oL, or jq --unbuffered, sed -u, python3 -u", r.Received, answerPatience)
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
