package cmd

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ductworks/internal/duct"
)

// securityFlags say who may hold the other end of a duct, and how that is
// proved. What is wrong with the command line is a usageError, what is wrong
// with a file an inputError.
type securityFlags struct {
	cert, key, ca string // files
	name          string
	insecure      bool
	users         usersValue

	tls duct.TLSOptions // what the files hold, once prepare was called
}

// roles are the addresses of a command. A zero address is a fresh Unix socket.
type roles struct {
	dialled, bound []duct.Address
	guarded        []duct.Address // those for which --allow-user is meant
}

func (r roles) has(list []duct.Address, scheme duct.Scheme) bool {
	return slices.ContainsFunc(list, func(a duct.Address) bool { return a.Scheme() == scheme })
}

func (s *securityFlags) register(c *cobra.Command, dials bool) {
	fs := c.Flags()
	fs.StringVar(&s.cert, "tls-cert", "", "our certificate for tls: addresses, a PEM `FILE`")
	fs.StringVar(&s.key, "tls-key", "", "its private key, a PEM `FILE` (default that of --tls-cert)")
	fs.StringVar(&s.ca, "tls-ca", "", "who signs the certificates that we accept, a PEM `FILE`; a listener demands one then")
	if dials {
		fs.StringVar(&s.name, "tls-name", "", "the `NAME` that the listener's certificate has to hold (default the address's host)")
		fs.BoolVar(&s.insecure, "tls-insecure", false, "believe any listener")
	}
	fs.Var(&s.users, "allow-user", "who may hold the other end of a Unix socket: a name, a uid or any (repeatable)")
	group(fs, "Security", "tls-cert", "tls-key", "tls-ca", "tls-name", "tls-insecure", "allow-user")
}

// prepare finds flags that have no meaning for a command's addresses, and
// reads the files where one of those is inside TLS.
func (s *securityFlags) prepare(fs *pflag.FlagSet, r roles) error {
	dialsTLS, bindsTLS := r.has(r.dialled, duct.TLS), r.has(r.bound, duct.TLS)
	if err := s.checkTLS(fs, dialsTLS, bindsTLS); err != nil {
		return err
	}
	if err := s.checkUsers(r.guarded); err != nil {
		return err
	}
	if !dialsTLS && !bindsTLS {
		return nil
	}
	return s.load()
}

// checkTLS lets the environment and the configuration file say for all what
// not every address has a use for. On the command line it is a mistake, and
// one that would send in the clear what was to be secret.
func (s *securityFlags) checkTLS(fs *pflag.FlagSet, dials, binds bool) error {
	for _, name := range []string{"tls-cert", "tls-key", "tls-ca", "tls-name", "tls-insecure"} {
		ofDialler := name == "tls-name" || name == "tls-insecure"
		if useful := dials || binds && !ofDialler; !useful && onCommandLine(fs, name) {
			return usagef("--%s is for tls: addresses, and there is none here that it is for (tls:HOST:PORT?)", name)
		}
	}
	forDialling := []string{"tls-name"}
	if !binds {
		forDialling = append(forDialling, "tls-ca")
	}
	for _, name := range forDialling {
		favourLine(fs, "tls-insecure", name)
	}
	switch {
	case s.key != "" && s.cert == "":
		return usagef("--tls-key is of no use without --tls-cert")
	case s.insecure && (s.name != "" || s.ca != "" && !binds):
		return usagef("--tls-insecure checks nothing: it contradicts --tls-name and --tls-ca")
	}
	return nil
}

func (s *securityFlags) checkUsers(guarded []duct.Address) error {
	if !s.users.given() {
		return nil
	}
	if len(guarded) == 0 {
		return usagef("--allow-user is for an address, and there is none here at which somebody could come in")
	}
	for _, a := range guarded {
		if a.Host() != "" {
			return unvouched(a)
		}
	}
	return nil
}

// unvouched says that the system does not tell who is at an address.
func unvouched(a duct.Address) error {
	return usagef("--allow-user is for Unix sockets: nobody vouches for who is at %s (--tls-ca can)", a)
}

func (s *securityFlags) load() (err error) {
	if s.cert != "" {
		if s.tls.Certificate, err = s.readCertificate(); err != nil {
			return err
		}
	}
	if s.ca != "" {
		if s.tls.Authorities, err = s.readAuthorities(); err != nil {
			return err
		}
	}
	s.tls.Name, s.tls.Insecure = s.name, s.insecure
	return nil
}

func (s *securityFlags) readCertificate() (*tls.Certificate, error) {
	cert, err := readPEM("tls-cert", s.cert, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	flag, path := "tls-key", s.key
	if path == "" {
		flag, path = "tls-cert", s.cert
	}
	key, err := readPEM(flag, path, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, inputError{fmt.Errorf("--tls-cert %s, --%s %s: %s", s.cert, flag, path, strings.TrimPrefix(err.Error(), "tls: "))}
	}
	return &pair, nil
}

func (s *securityFlags) readAuthorities() (*x509.CertPool, error) {
	data, err := readPEM("tls-ca", s.ca, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, inputError{fmt.Errorf("--tls-ca: %s holds no certificate that can be read", s.ca)}
	}
	return pool, nil
}

// readPEM reads a file that a flag names and in which there has to be a block
// of some kind: "PRIVATE KEY" stands for "EC PRIVATE KEY" and others too.
func readPEM(flag, path, kind string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, inputError{fmt.Errorf("--%s: %w", flag, err)}
	}
	var block *pem.Block
	for rest := data; ; {
		block, rest = pem.Decode(rest)
		switch {
		case block == nil:
			return nil, inputError{fmt.Errorf("--%s: %s holds no PEM block %q", flag, path, kind)}
		case !strings.HasSuffix(block.Type, kind):
		case isLocked(block):
			return nil, inputError{fmt.Errorf("--%s: %s is locked by a passphrase (openssl pkey -in %[2]s unlocks it)", flag, path)}
		default:
			return data, nil
		}
	}
}

// isLocked knows both of the ways in which keys are encrypted: that of PKCS #8
// and the older one, of RFC 1421.
func isLocked(b *pem.Block) bool {
	return b.Type == "ENCRYPTED PRIVATE KEY" || strings.HasSuffix(b.Headers["Proc-Type"], "ENCRYPTED")
}

// bind listens at an address, or a fresh one if it is zero, for peers of whom
// the flags approve, and warns of the strangers that can be among them.
func (a *app) bind(address duct.Address, o duct.ListenOptions, who *securityFlags) (*duct.Listener, error) {
	o.Admit, o.TLS = who.users.admit(), who.tls
	if address.IsZero() {
		return duct.ListenFresh(privateFolders(), o)
	}
	listener, err := duct.Listen(address, o)
	if err != nil {
		return nil, err
	}
	if who.users.given() && !listener.Vouches() {
		listener.Close()
		return nil, unvouched(address)
	}
	if at := listener.Address(); isExposed(at) {
		a.warnOfStrangers(at, who)
	}
	return listener, nil
}

func (a *app) warnOfStrangers(at duct.Address, who *securityFlags) {
	switch {
	case at.Scheme() == duct.TCP:
		a.note("anybody who can reach %s can connect, and read and change what travels: tls: addresses prevent that", at)
	case who.tls.Authorities == nil:
		a.note("anybody who can reach %s can connect: --tls-ca demands a certificate of them", at)
	}
}

// isExposed says whether others than the users of this machine can reach an
// address at which we listen.
func isExposed(at duct.Address) bool {
	ip, err := netip.ParseAddr(at.Host())
	return err == nil && !ip.IsLoopback()
}

// dialOptions are those of the end that we dial.
func (s *securityFlags) dialOptions() duct.DialOptions {
	return duct.DialOptions{Admit: s.users.admit(), TLS: s.tls}
}

// checkPeer finds an inherited descriptor for whose peer nobody vouches.
func (s *securityFlags) checkPeer(conn duct.Conn) error {
	if _, err := conn.Peer(); err != nil && s.users.given() {
		return unvouched(conn.Address())
	}
	return nil
}
