package duct

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
)

// pipePiece is how much is written at once: what a pipe holds, so that Moved
// never lags behind by more.
const pipePiece = 64 << 10

// A DrainReader is the reading end of a pipe. After Drain, Read returns io.EOF
// once it has given what lies in the pipe, whoever still holds the other end.
type DrainReader interface {
	io.ReadCloser
	Drain()
}

// OverPipes makes a Conn of two pipes, one for each direction, as a program
// has them that speaks the wire on its stdin and stdout.
func OverPipes(r DrainReader, w *os.File) Conn { return &pipes{r: r, w: w} }

type pipes struct {
	r     DrainReader
	w     *os.File
	moved atomic.Int64
}

func (c *pipes) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.moved.Add(int64(n))
	return n, err
}

func (c *pipes) Write(p []byte) (done int, err error) {
	for done < len(p) && err == nil {
		var n int
		n, err = c.w.Write(p[done:min(done+pipePiece, len(p))])
		done += n
		c.moved.Add(int64(n))
	}
	return done, err
}

func (c *pipes) CloseWrite() error {
	if err := c.w.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

func (c *pipes) CloseRead() error {
	c.r.Drain()
	return nil
}

func (c *pipes) AwaitHangup() error { return awaitReaderGone(c.w) }

// Settle has nothing to wait for: what is in a pipe stays there when we close it.
func (c *pipes) Settle(context.Context) error { return nil }

func (c *pipes) Close() error { return errors.Join(c.CloseWrite(), c.r.Close()) }

// Address is none: a pipe has no name.
func (c *pipes) Address() Address { return Address{} }

func (c *pipes) Peer() (Peer, error) { return Peer{}, errors.ErrUnsupported }
func (c *pipes) Moved() int64        { return c.moved.Load() }
func (c *pipes) Err() error          { return nil }
