//go:build linux || darwin

package relay

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"ductworks/internal/duct"
	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// BenchmarkRelay moves a file through two relays and the socket between them:
// stdin to payloads to frames, and back to stdout. Each iteration is one
// conversation.
func BenchmarkRelay(b *testing.B) {
	line := strings.Repeat("x", 98)
	for _, c := range []struct{ name, format, content string }{
		{"raw lines", "raw", strings.Repeat(line+"\n", 100_000)},
		{"NDJSON", "json", strings.Repeat(fmt.Sprintf(`{"id": 12345, "text": "%s"}`, line[:70])+"\n", 100_000)},
		{"64 MiB", "whole", string(make([]byte, 64<<20))},
	} {
		b.Run(c.name, func(b *testing.B) {
			stdin := tempFile(b, c.content)
			stdout, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer stdout.Close()
			b.SetBytes(int64(len(c.content)))
			b.ReportAllocs()
			for b.Loop() {
				stdin.Seek(0, io.SeekStart)
				relayOnce(b, findFormat(b, c.format), stdin, stdout)
			}
		})
	}
}

func relayOnce(b *testing.B, f format.Format, stdin, stdout *os.File) {
	ours, theirs, err := duct.Pair()
	if err != nil {
		b.Fatal(err)
	}
	far := dial(b, fmt.Sprintf("fd:%d", dup(b, theirs)))
	theirs.Close()
	fo, o := setupOptions(), DuctOptions{Limit: frame.MaxPayload, Stream: f.Streams}
	out := Output{Name: "stdout", Writer: stdout, Format: f, Encoder: f.NewEncoder(fo)}
	received := make(chan error, 1)
	go func() {
		_, err := Run(context.Background(), Records(Input{Format: f}, out, fo), Duct(far, o), Options{Linger: Forever})
		received <- err
	}()
	in := Input{Name: "stdin", Reader: stdin, Format: f}
	_, err = Run(context.Background(), Records(in, Output{}, fo), Duct(ours, o), Options{Linger: Forever})
	if err := <-received; err != nil {
		b.Fatal(err)
	}
	if err != nil {
		b.Fatal(err)
	}
}
