package cmd

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ductworks/internal/relay"
)

func TestSilence(t *testing.T) {
	for _, test := range []struct {
		name               string
		received, answered time.Duration // when, 0 for never
		told               int
	}{
		{"nothing to answer", 0, 0, 0},
		{"an answer", time.Minute, time.Minute + time.Second, 0},
		{"no answer", time.Minute, 0, 1},
		{"a late answer", time.Minute, 2 * time.Minute, 1},
		{"one that speaks first", time.Minute, time.Second, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var received, sent atomic.Int64
				ctx, cancel := context.WithCancel(t.Context())
				var said []string
				done := make(chan struct{})
				go func() {
					defer close(done)
					noticeSilence(ctx, func() relay.Result { return relay.Result{Received: received.Load(), Sent: sent.Load()} },
						func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
				}()
				if test.received > 0 {
					time.AfterFunc(test.received, func() { received.Store(2) })
				}
				if test.answered > 0 {
					time.AfterFunc(test.answered, func() { sent.Store(1) })
				}
				time.Sleep(time.Hour)
				cancel()
				<-done
				if len(said) != test.told {
					t.Errorf("said %q", said)
				}
			})
		})
	}
}
