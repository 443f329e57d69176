//go:build linux || darwin

package relay

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"ductworks/internal/duct"
)

// identity is a certificate for 127.0.0.1 that vouches for itself.
var identity = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	pool := x509.NewCertPool()
	pool.AddCert(must(x509.ParseCertificate(der)))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// openTLS gives a peer that crypto/tls alone holds.
func openTLS(t testing.TB) (duct.Conn, *peer) {
	t.Helper()
	certificate, pool := identity()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	far := make(chan net.Conn, 1)
	go func() {
		defer close(far)
		if c, err := ln.Accept(); err == nil {
			server := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}, SessionTicketsDisabled: true})
			server.SetDeadline(time.Now().Add(patience))
			server.Handshake()
			far <- server
		}
	}()
	a, err := duct.ParseAddress("tls:" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := duct.Dial(context.Background(), a, duct.DialOptions{TLS: duct.TLSOptions{Authorities: pool}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	return near, newPeer(t, <-far)
}
