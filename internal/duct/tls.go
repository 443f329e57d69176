package duct

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"time"
)

// handshakePatience is how long a TLS handshake may take.
const handshakePatience = 10 * time.Second

// TLSOptions say how we prove at a tls address who we are, and whom we believe
// there. TLS is 1.3 always.
type TLSOptions struct {
	// Certificate, with its private key, is what we show. A listener has to
	// have one, a dialler shows it where it is asked to.
	Certificate *tls.Certificate
	// Authorities are those whose signature on the peer's certificate counts.
	// nil means those of the system for a dialler, and for a listener that it
	// demands no certificate.
	Authorities *x509.CertPool
	// Name is what the certificate of the listener has to name, "" the host of
	// the address. It is for a dialler.
	Name string
	// Insecure believes any listener. It is for a dialler.
	Insecure bool

	patience time.Duration // a test's, in place of handshakePatience
}

func (o TLSOptions) limit() time.Duration {
	if o.patience != 0 {
		return o.patience
	}
	return handshakePatience
}

func (o TLSOptions) client(a Address) *tls.Config {
	name := o.Name
	if name == "" {
		name, _, _ = strings.Cut(a.name, "%") // a zone means something on this machine alone
	}
	return &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		ServerName:                  name,
		RootCAs:                     o.Authorities,
		InsecureSkipVerify:          o.Insecure,
		GetClientCertificate:        o.show,
		DynamicRecordSizingDisabled: true, // no message is of use before it is whole
	}
}

// show gives our certificate whichever authorities the listener has asked for:
// refusing it, the listener says what is wrong, and not that there was none.
func (o TLSOptions) show(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if o.Certificate == nil {
		return &tls.Certificate{}, nil
	}
	return o.Certificate, nil
}

func (o TLSOptions) server(a Address) (*tls.Config, error) {
	if o.Certificate == nil {
		return nil, &AddressError{Word: a.String(), Reason: "needs a certificate and its private key to listen",
			Hint: "--tls-cert and --tls-key name them"}
	}
	c := &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{*o.Certificate},
		// A ticket would lie unread with a peer that only sends, and reset the
		// connection when that closes.
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
	}
	if o.Authorities != nil {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, o.Authorities
	}
	return c, nil
}

// dialTLS makes a connected socket one inside TLS.
func dialTLS(ctx context.Context, s *socket, o TLSOptions) (Conn, error) {
	c := newSecure(s, func(w *wire) *tls.Conn { return tls.Client(w, o.client(s.address)) })
	c.dialled = true
	err := c.handshake(ctx, o.limit())
	if err == nil {
		return c, nil
	}
	s.Close()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, c.diagnose(err).toDialler(s.address)
}
