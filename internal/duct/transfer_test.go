//go:build linux || darwin

package duct

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const transferSize = 2<<20 + 7

func payload(n int) []byte {
	p := make([]byte, n)
	source := rand.NewChaCha8([32]byte{})
	source.Read(p)
	return p
}

// sources are the files to send from, holding a byte less wanted in front of
// the payload and one behind.
var sources = map[string]func(t *testing.T, p []byte) *os.File{
	"regular": func(t *testing.T, p []byte) *os.File {
		f := tempFile(t, os.O_RDWR)
		f.Write(p)
		f.Seek(0, io.SeekStart)
		return f
	},
	"pipe": func(t *testing.T, p []byte) *os.File {
		r, w := osPipe(t)
		go func() {
			w.Write(p)
			w.Close()
		}()
		return r
	},
	"socket": func(t *testing.T, p []byte) *os.File {
		a, b, err := Socketpair()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		go func() {
			b.Write(p)
			b.Close()
		}()
		return a
	},
}

func tempFile(t *testing.T, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(shortDir(t), "f"), os.O_CREATE|flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// osPipe is a pipe in blocking mode, as a shell makes them.
func osPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Fd()
	w.Fd()
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// sinks are the files to receive into; read returns what has arrived once the
// file has been closed.
var sinks = map[string]func(t *testing.T) (f *os.File, read func() []byte){
	"regular": func(t *testing.T) (*os.File, func() []byte) { return fileSink(t, os.O_RDWR) },
	"append":  func(t *testing.T) (*os.File, func() []byte) { return fileSink(t, os.O_RDWR|os.O_APPEND) },
	"pipe": func(t *testing.T) (*os.File, func() []byte) {
		r, w := osPipe(t)
		return w, collect(t, r)
	},
	"socket": func(t *testing.T) (*os.File, func() []byte) {
		a, b, err := Socketpair()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close(); b.Close() })
		return a, collect(t, b)
	},
}

func fileSink(t *testing.T, flags int) (*os.File, func() []byte) {
	f := tempFile(t, flags)
	return f, func() []byte {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Error(err)
		}
		return b
	}
}

func collect(t *testing.T, r io.Reader) func() []byte {
	got := start(func() []byte {
		b, _ := io.ReadAll(r)
		return b
	})
	return func() []byte { return result(t, "the reader", got) }
}

func TestSendFile(t *testing.T) {
	p := payload(transferSize)
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
				f := source(t, append([]byte("<"), append(bytes.Clone(p), '>')...))
				got := collect(t, far)
				before := make([]byte, 1)
				if _, err := io.ReadFull(f, before); err != nil {
					t.Fatal(err)
				}
				n, err := SendFile(near, f, transferSize)
				if n != transferSize || err != nil || !hasMoved(near, transferSize) {
					t.Errorf("sent %d, moved %d: %v", n, near.Moved(), err)
				}
				near.CloseWrite()
				if !bytes.Equal(got(), p) {
					t.Error("the bytes changed on the way")
				}
				if after, err := io.ReadAll(f); string(before)+string(after) != "<>" {
					t.Errorf("around it: %q and %q, %v", before, after, err)
				}
				f.Close()
			})
		})
	}
}

func TestReceiveFile(t *testing.T) {
	p := payload(transferSize)
	for name, sink := range sinks {
		t.Run(name, func(t *testing.T) {
			eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
				f, read := sink(t)
				if _, err := f.Write([]byte("<")); err != nil {
					t.Fatal(err)
				}
				go func() {
					far.Write(p)
					far.Write([]byte("next"))
					far.CloseWrite()
				}()
				n, err := ReceiveFile(near, f, transferSize)
				if n != transferSize || err != nil || !hasMoved(near, transferSize) {
					t.Errorf("received %d, moved %d: %v", n, near.Moved(), err)
				}
				if _, err := f.Write([]byte(">")); err != nil {
					t.Error(err)
				}
				f.Close()
				if got := read(); !bytes.Equal(got, append([]byte("<"), append(bytes.Clone(p), '>')...)) {
					t.Errorf("the %d bytes changed on the way", len(got))
				}
				if got := readAll(t, near); got != "next" {
					t.Errorf("then came %q", got)
				}
			})
		})
	}
}

func TestForward(t *testing.T) {
	p := payload(transferSize)
	for name, ends := range transports {
		t.Run("from "+name, func(t *testing.T) {
			eachTransport(t, nil, func(t *testing.T, dst Conn, dstFar far) {
				src, srcFar := ends(t)
				defer src.Close()
				got := collect(t, dstFar)
				go func() {
					srcFar.Write(p)
					srcFar.Write([]byte("next"))
					srcFar.Close()
				}()
				n, err := Forward(dst, src, transferSize)
				if n != transferSize || err != nil || !hasMoved(src, n) || !hasMoved(dst, n) {
					t.Errorf("forwarded %d, moved %d and %d: %v", n, src.Moved(), dst.Moved(), err)
				}
				dst.CloseWrite()
				if !bytes.Equal(got(), p) {
					t.Error("the bytes changed on the way")
				}
				if got := readAll(t, src); got != "next" {
					t.Errorf("then came %q", got)
				}
			})
		})
	}
}

func isSource(err error) bool {
	var e *SourceError
	return errors.As(err, &e)
}

func isSink(err error) bool {
	var e *SinkError
	return errors.As(err, &e)
}

func TestSourceEndsEarly(t *testing.T) {
	for name, source := range sources {
		t.Run("send "+name, func(t *testing.T) {
			eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
				f := source(t, payload(1000))
				defer f.Close()
				n, err := SendFile(near, f, 1001)
				if n != 1000 || !isSource(err) || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%d, %v", n, err)
				}
			})
		})
	}
	for name, sink := range sinks {
		t.Run("receive "+name, func(t *testing.T) {
			eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
				f, read := sink(t)
				far.Write(payload(1000))
				far.Close()
				n, err := ReceiveFile(near, f, 1001)
				if n != 1000 || !isSource(err) || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%d, %v", n, err)
				}
				f.Close()
				if !bytes.Equal(read(), payload(1000)) {
					t.Error("what came before is not there")
				}
			})
		})
	}
}

func TestSinkBreaks(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		r, w := osPipe(t)
		r.Close()
		go far.Write(payload(1 << 20))
		if _, err := ReceiveFile(near, w, 1<<20); !isSink(err) || !errors.Is(err, syscall.EPIPE) {
			t.Errorf("pipe without a reader: %v", err)
		}
		w.Close()
	})
	for name, source := range sources {
		t.Run("send "+name, func(t *testing.T) {
			eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
				const size = 32 << 20 // more than all buffers on the way hold
				f := source(t, make([]byte, size))
				defer f.Close()
				sent := start(func() error {
					_, err := SendFile(near, f, size)
					return err
				})
				if _, err := far.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
				far.Close()
				err := result(t, "SendFile", sent)
				if !isSink(err) || !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix(err.Error(), "write to ") {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// A full disk, or the nearest thing to it.
func TestReceiveFileOnFullDevice(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	near, far := pairEnds(t)
	far.Write([]byte("x"))
	if _, err := ReceiveFile(near, full, 1); !isSink(err) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
}

func TestForwardTellsSidesApart(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		other, otherFar := pairEnds(t)
		defer other.Close()
		defer otherFar.Close()
		otherFar.Write(payload(1000))
		far.Close()
		eventually(t, "near takes nothing more", func() bool {
			_, err := near.Write([]byte("x"))
			return err != nil
		})
		if n, err := Forward(near, other, 1000); n != 0 || !isSink(err) {
			t.Errorf("sink: %d, %v", n, err)
		}
		if n, err := Forward(other, near, 1000); n != 0 || !isSource(err) {
			t.Errorf("source: %d, %v", n, err)
		}
	})
}

func TestCloseWakesTransfers(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		f := tempFile(t, os.O_RDWR)
		f.Truncate(64 << 20)
		sending := start(func() error {
			_, err := SendFile(near, f, 64<<20)
			return err
		})
		receiving := start(func() error {
			_, err := ReceiveFile(near, tempFile(t, os.O_RDWR), 1)
			return err
		})
		eventually(t, "the first bytes count", func() bool { return near.Moved() > 0 })
		stillWaiting(t, "SendFile", sending)
		stillWaiting(t, "ReceiveFile", receiving)
		near.Close()
		if err := result(t, "SendFile", sending); !isSink(err) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("SendFile: %v", err)
		}
		if err := result(t, "ReceiveFile", receiving); !isSource(err) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("ReceiveFile: %v", err)
		}
		f.Close()
	})
}

func TestTransferOfNothing(t *testing.T) {
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		f := tempFile(t, os.O_RDWR)
		other, _ := pairEnds(t)
		for what, transfer := range map[string]func() (int64, error){
			"SendFile":    func() (int64, error) { return SendFile(near, f, 0) },
			"ReceiveFile": func() (int64, error) { return ReceiveFile(near, f, 0) },
			"Forward":     func() (int64, error) { return Forward(near, other, 0) },
		} {
			if n, err := transfer(); n != 0 || err != nil {
				t.Errorf("%s: %d, %v", what, n, err)
			}
		}
	})
}

// splice(2) says EAGAIN for either side. Whoever mistakes one for the other
// when both change in between waits for ever.
func TestTransfersInDrips(t *testing.T) {
	const drips = 1 << 13
	eachTransport(t, nil, func(t *testing.T, near Conn, far far) {
		r, w := osPipe(t)
		go func() {
			for range drips {
				w.Write([]byte("x"))
			}
		}()
		sent := start(func() error {
			_, err := SendFile(near, r, drips)
			return errors.Join(err, near.CloseWrite())
		})
		if n, err := io.Copy(io.Discard, far); n != drips || err != nil {
			t.Errorf("far read %d: %v", n, err)
		}
		if err := result(t, "SendFile", sent); err != nil {
			t.Error(err)
		}
		r2, w2 := osPipe(t)
		go far.Write(payload(transferSize))
		received := start(func() error {
			_, err := ReceiveFile(near, w2, transferSize)
			w2.Close()
			return err
		})
		drained := start(func() int {
			total, buf := 0, make([]byte, 1500)
			for {
				n, err := r2.Read(buf)
				total += n
				if err != nil {
					return total
				}
			}
		})
		if err := result(t, "ReceiveFile", received); err != nil {
			t.Error(err)
		}
		if n := result(t, "the reader", drained); n != transferSize {
			t.Errorf("the reader got %d", n)
		}
	})
}
