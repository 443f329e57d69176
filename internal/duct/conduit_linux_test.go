package duct

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
)

// Where the sink turns out to refuse splice(2), what the pipe holds by then is
// not lost.
func TestConduitIsEmptiedByHand(t *testing.T) {
	eachTransport(t, func(name string) bool { return name == "unix dialled" || name == "tcp dialled" },
		func(t *testing.T, near Conn, far far) {
			p := payload(transferSize)
			go far.Write(p)
			var sink bytes.Buffer
			s := near.(*socket)
			n, err := transfer(transferSize,
				func() (int64, error) {
					return s.through(&sink, func(pipe int, n int64) (int64, error) {
						m, err := io.CopyN(&sink, pipeEnd(pipe), min(n, 10))
						return m, errors.Join(err, errors.ErrUnsupported)
					}, transferSize)
				},
				func(rest int64) (int64, error) { return copyExactly(&sink, near, rest) })
			if n != transferSize || err != nil || !bytes.Equal(sink.Bytes(), p) {
				t.Errorf("moved %d: %v", n, err)
			}
		})
}

// What nobody reads is not taken into the process either.
func TestReceiveIntoNullDevice(t *testing.T) {
	eachTransport(t, func(name string) bool { return name == "unix dialled" || name == "tcp dialled" },
		func(t *testing.T, near Conn, far far) {
			null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			go func() {
				far.Write(payload(transferSize))
				far.Write([]byte("next"))
				far.CloseWrite()
			}()
			n, err := receiveSpliced(near, null, transferSize)
			if n != transferSize || err != nil || !hasMoved(near, transferSize) {
				t.Errorf("received %d, moved %d: %v", n, near.Moved(), err)
			}
			if got := readAll(t, near); got != "next" {
				t.Errorf("then came %q", got)
			}
		})
}

// splice(2) blames the pipe, sendfile(2) the file, and the rest is the socket.
func TestWhoseFailure(t *testing.T) {
	s := transportsSocket(t)
	for err, source := range map[error]bool{syscall.EIO: true, syscall.EISDIR: true, syscall.EPIPE: false, syscall.ECONNRESET: false} {
		if got := s.sendError(err, 1); isSource(got) != source || isSink(got) == source || !errors.Is(got, err) {
			t.Errorf("sendfile: %v is %T", err, got)
		}
	}
	for _, err := range []error{syscall.EINVAL, syscall.ENOSYS} {
		if got := s.sendError(err, 0); got != errors.ErrUnsupported {
			t.Errorf("sendfile: %v is %v", err, got)
		}
		if got := s.sendError(err, 1); !isSink(got) {
			t.Errorf("sendfile: %v in the middle is %v", err, got)
		}
	}
}

func transportsSocket(t *testing.T) *socket {
	t.Helper()
	near, _ := pairEnds(t)
	return near.(*socket)
}

func BenchmarkFileToSocket(b *testing.B) {
	benchmarkWays(b, func(b *testing.B, near Conn, far far, n int64, fast bool) {
		f := benchFile(b, n)
		go io.Copy(nowhere{}, far)
		for b.Loop() {
			f.Seek(0, io.SeekStart)
			move := func() (int64, error) { return SendFile(near, f, n) }
			if !fast {
				move = func() (int64, error) { return copyExactly(near, f, n) }
			}
			if _, err := move(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSocketToFile(b *testing.B) {
	benchmarkWays(b, func(b *testing.B, near Conn, far far, n int64, fast bool) {
		f := benchFile(b, n)
		go feed(far)
		for b.Loop() {
			f.Seek(0, io.SeekStart)
			move := func() (int64, error) { return ReceiveFile(near, f, n) }
			if !fast {
				move = func() (int64, error) { return copyExactly(f, near, n) }
			}
			if _, err := move(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSocketToPipe(b *testing.B) {
	benchmarkWays(b, func(b *testing.B, near Conn, far far, n int64, fast bool) {
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		go feed(far)
		go io.Copy(nowhere{}, r)
		for b.Loop() {
			move := func() (int64, error) { return ReceiveFile(near, w, n) }
			if !fast {
				move = func() (int64, error) { return copyExactly(w, near, n) }
			}
			if _, err := move(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkForward(b *testing.B) {
	benchmarkWays(b, func(b *testing.B, near Conn, far far, n int64, fast bool) {
		to, sink := transports["unix dialled"](b)
		go feed(far)
		go io.Copy(nowhere{}, sink)
		for b.Loop() {
			move := func() (int64, error) { return Forward(to, near, n) }
			if !fast {
				move = func() (int64, error) { return copyExactly(to, near, n) }
			}
			if _, err := move(); err != nil {
				b.Fatal(err)
			}
		}
		to.Close()
	})
}

// nowhere hides io.Discard's methods, so that reading is what it is elsewhere.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

func feed(w io.Writer) {
	p := make([]byte, 1<<20)
	for {
		if _, err := w.Write(p); err != nil {
			return
		}
	}
}

func benchFile(b *testing.B, n int64) *os.File {
	b.Helper()
	f, err := os.CreateTemp("", "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close(); os.Remove(f.Name()) })
	if _, err := f.Write(make([]byte, n)); err != nil {
		b.Fatal(err)
	}
	return f
}

func benchmarkWays(b *testing.B, f func(b *testing.B, near Conn, far far, n int64, fast bool)) {
	for _, transport := range []string{"unix dialled", "tcp dialled"} {
		for _, size := range []struct {
			name string
			n    int64
		}{{"64K", 64 << 10}, {"1M", 1 << 20}, {"64M", 64 << 20}} {
			for _, way := range []struct {
				name string
				fast bool
			}{{"kernel", true}, {"copy", false}} {
				b.Run(transport+"/"+size.name+"/"+way.name, func(b *testing.B) {
					near, far := transports[transport](b)
					b.SetBytes(size.n)
					f(b, near, far, size.n, way.fast)
					near.Close()
					far.Close()
				})
			}
		}
	}
}
