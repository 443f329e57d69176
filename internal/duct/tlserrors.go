package duct

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// ErrCut says that a stream inside TLS has ended and nobody knows whether the
// peer had said all: who sits on the line can end it, but cannot say goodbye.
var ErrCut = errors.New("the TLS stream was cut without its close")

// A TLSError says that a peer with whom there was a handshake has broken the
// rules of TLS since, or that somebody between has. It may wrap ErrCut.
type TLSError struct {
	Doing string // what was tried, with the address
	Err   error
}

func (e *TLSError) Error() string { return sentence(e.Doing, e.Err, "") }

func (e *TLSError) Unwrap() error { return e.Err }

// A diagnosis says of a peer, "it", why there is no TLS with it.
type diagnosis struct {
	err    error
	hint   string // what to do, may be empty
	theirs bool   // it is the peer that does not want us
	absent bool   // nobody has said no
}

func (d diagnosis) toDialler(a Address) error {
	doing := "connect to " + a.String()
	if d.absent {
		return &UnavailableError{Doing: doing, Err: d.err, Hint: d.hint}
	}
	return &RefusedError{Doing: doing, Err: d.err, Hint: d.hint}
}

func because(reason, hint string) diagnosis {
	return diagnosis{err: errors.New(reason), hint: hint}
}

// broken says what is wrong when the handshake is over and Read fails with err.
func (s *secure) broken(err error) error {
	code, alerted := alertOf(err)
	if alerted && s.dialled && isAboutCertificates(code) {
		return s.heardAlert(code).toDialler(s.address)
	}
	return &TLSError{Doing: "read from " + s.address.label(), Err: inOurWords(err)}
}

// diagnose finds out why a handshake has failed with err.
func (s *secure) diagnose(err error) diagnosis {
	var header tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	over := s.wire.err != nil || errors.As(err, new(syscall.Errno))
	if code, alerted := alertOf(err); alerted {
		return s.heardAlert(code)
	}
	switch {
	case errors.As(err, &header):
		return s.noTLS("it does not speak TLS")
	case errors.As(err, &certificate):
		return s.badCertificate(certificate.Err)
	case isTimeout(err):
		d := because("it did not finish the TLS handshake in time", "does it speak TLS?")
		d.absent = true
		return d
	case over && !s.wire.heard:
		return s.noTLS("it ended the connection before a word of TLS")
	case over:
		return diagnosis{err: errors.New("the connection ended during the TLS handshake"), absent: true}
	}
	return s.ownWords(err)
}

func (s *secure) noTLS(reason string) diagnosis {
	if s.dialled {
		return because(reason, "is it a tcp: address?")
	}
	return because(reason, "it has to connect to a tls: address")
}

// ownWords tells apart what crypto/tls has no types for. Should it choose other
// words some day, they are shown as they are.
func (s *secure) ownWords(err error) diagnosis {
	text := err.Error()
	switch {
	case strings.Contains(text, "only unsupported versions"), strings.Contains(text, "unsupported protocol version"):
		return because(noVersion, "")
	case strings.Contains(text, "didn't provide a certificate"):
		return because("it has no certificate, and --tls-ca demands one", "its --tls-cert and --tls-key name one")
	}
	return diagnosis{err: inOurWords(err)}
}

const noVersion = "it does not speak TLS 1.3"

// badCertificate says which check the peer's certificate has failed.
func (s *secure) badCertificate(err error) diagnosis {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		return because("its certificate is signed by no authority that we trust", "--tls-ca names those to trust")
	case errors.As(err, &host):
		return diagnosis{err: fmt.Errorf("its certificate has another name: %w", inOurWords(err)),
			hint: "--tls-name says which to expect"}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return diagnosis{err: fmt.Errorf("its %w", inOurWords(err)), hint: "is a clock wrong?"}
	}
	return diagnosis{err: fmt.Errorf("its certificate cannot be accepted: %w", inOurWords(err))}
}

// The alerts that judge a certificate; see RFC 8446, section 6.2.
const (
	alertBadCertificate      tls.AlertError = 42
	alertUnsupported         tls.AlertError = 43
	alertRevoked             tls.AlertError = 44
	alertExpired             tls.AlertError = 45
	alertUnknown             tls.AlertError = 46
	alertUnknownAuthority    tls.AlertError = 48
	alertAccessDenied        tls.AlertError = 49
	alertProtocolVersion     tls.AlertError = 70
	alertCertificateRequired tls.AlertError = 116
)

func isAboutCertificates(code tls.AlertError) bool {
	switch code {
	case alertBadCertificate, alertUnsupported, alertRevoked, alertExpired, alertUnknown,
		alertUnknownAuthority, alertAccessDenied, alertCertificateRequired:
		return true
	}
	return false
}

// heardAlert says why the peer has turned us away.
func (s *secure) heardAlert(code tls.AlertError) diagnosis {
	var d diagnosis
	switch {
	case code == alertCertificateRequired:
		d = because("it demands a certificate", "--tls-cert and --tls-key name ours")
	case code == alertUnknownAuthority:
		d = because("it does not trust the authority that signed our certificate", "does its --tls-ca name that one?")
	case code == alertExpired:
		d = because("our certificate has expired, it says", "is a clock wrong?")
	case isAboutCertificates(code):
		d.err = fmt.Errorf("it does not accept our certificate: %w", inOurWords(code))
		if !s.dialled {
			d.hint = "does it trust the authority, and is the certificate for the host that it connects to?"
		}
	case code == alertProtocolVersion:
		d = because(noVersion, "")
	default:
		d.err = fmt.Errorf("it gave up the TLS handshake: %w", inOurWords(code))
	}
	d.theirs = true
	return d
}

// alertOf returns the alert with which the peer has ended TLS. The type that
// crypto/tls gives it has no name elsewhere, its text has.
func alertOf(err error) (tls.AlertError, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0, false
	}
	for code := range 256 {
		if alert := tls.AlertError(code); alert.Error() == op.Err.Error() {
			return alert, true
		}
	}
	return 0, false
}

// inOurWords strips which package it was that said err.
func inOurWords(err error) error {
	text := err.Error()
	for _, prefix := range []string{"remote error: ", "local error: ", "tls: ", "x509: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return &reworded{text, err}
}

type reworded struct {
	text string
	err  error
}

func (r *reworded) Error() string { return r.text }

func (r *reworded) Unwrap() error { return r.err }
