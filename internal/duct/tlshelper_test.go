//go:build linux || darwin

package duct

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// An authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// ours is the authority that both sides trust, theirs one that nobody does.
var (
	ours   = sync.OnceValue(newAuthority)
	theirs = sync.OnceValue(newAuthority)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newKey() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func newAuthority() *authority {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return &authority{must(x509.ParseCertificate(der)), key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// issue signs a certificate that is for both roles at 127.0.0.1, but for what
// change makes of it.
func (a *authority) issue(change func(*x509.Certificate)) *tls.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	key := newKey()
	der := must(x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }

func otherName(c *x509.Certificate) {
	c.IPAddresses, c.DNSNames = nil, []string{"elsewhere.test"}
}

// mutual are options of either side with which the two get on.
var mutual = sync.OnceValue(func() TLSOptions {
	return TLSOptions{Certificate: ours().issue(nil), Authorities: ours().pool()}
})

// tlsFar is the far end of a connection inside TLS, held by crypto/tls alone.
type tlsFar struct {
	*tls.Conn
	tcp *net.TCPConn
}

func (f *tlsFar) CloseRead() error { return f.tcp.CloseRead() }

// hasMoved says whether so many bytes of payload can have moved, of which TLS
// makes more.
func hasMoved(c Conn, n int64) bool {
	if c.Address().Scheme() == TLS {
		return c.Moved() > n
	}
	return c.Moved() == n
}

// tcpOf is the TCP connection of a far end, nil where there is none.
func tcpOf(c far) *net.TCPConn {
	switch c := c.(type) {
	case *tlsFar:
		return c.tcp
	case *net.TCPConn:
		return c
	}
	return nil
}

// reset breaks a TCP connection without a goodbye.
func reset(c far) {
	tcpOf(c).SetLinger(0)
	tcpOf(c).Close()
}

// farTLS makes the handshake of a far end.
func farTLS(t testing.TB, c net.Conn, config *tls.Config, side func(net.Conn, *tls.Config) *tls.Conn) far {
	t.Helper()
	f := &tlsFar{side(c, config), c.(*net.TCPConn)}
	t.Cleanup(func() { f.Close() })
	c.SetDeadline(time.Now().Add(patience))
	if err := f.Handshake(); err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Time{})
	return f
}

// serverConfig and clientConfig are what crypto/tls makes of the options of
// the other side.
func serverConfig(o TLSOptions) *tls.Config {
	return must(o.server(Address{}))
}

func clientConfig(o TLSOptions) *tls.Config { return o.client(Address{name: "127.0.0.1"}) }

func tlsDialled(t testing.TB) (Conn, far) {
	t.Helper()
	ln := tcpListener(t)
	near := start(func() Conn { return dialTLSTo(t, ln.Addr()) })
	f := farTLS(t, acceptFar(t, ln), serverConfig(mutual()), tls.Server)
	return <-near, f
}

func dialTLSTo(t testing.TB, at net.Addr) Conn {
	a := addressOf(at)
	a.scheme = TLS
	c, err := Dial(context.Background(), a, DialOptions{TLS: mutual()})
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func tlsAccepted(t testing.TB) (Conn, far) {
	t.Helper()
	l := listen(t, "tls::0", ListenOptions{TLS: mutual()})
	c, err := net.Dial("tcp", l.Address().HostPort())
	if err != nil {
		t.Fatal(err)
	}
	f := start(func() far { return farTLS(t, c, clientConfig(mutual()), tls.Client) })
	near := acceptFrom(t, l)
	return near, <-f
}
