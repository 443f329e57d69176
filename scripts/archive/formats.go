package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"time"
)

type tarPacker struct {
	*tar.Writer
	gzip *gzip.Writer
	at   time.Time
}

func newTar(w io.Writer, at time.Time) packer {
	compressed := gzip.NewWriter(w)
	return &tarPacker{tar.NewWriter(compressed), compressed, at}
}

func (p *tarPacker) add(name string, mode fs.FileMode, data []byte) error {
	h := &tar.Header{Name: name, Mode: int64(mode.Perm()), Size: int64(len(data)), ModTime: p.at, Format: tar.FormatUSTAR}
	if err := p.WriteHeader(h); err != nil {
		return err
	}
	_, err := p.Write(data)
	return err
}

func (p *tarPacker) Close() error { return errors.Join(p.Writer.Close(), p.gzip.Close()) }

type zipPacker struct {
	*zip.Writer
	at time.Time
}

func newZip(w io.Writer, at time.Time) packer { return &zipPacker{zip.NewWriter(w), at} }

func (p *zipPacker) add(name string, mode fs.FileMode, data []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.at}
	h.SetMode(mode)
	if mode.IsDir() {
		h.Method = zip.Store
	}
	w, err := p.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
