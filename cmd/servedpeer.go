package cmd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
	"ductworks/internal/relay"
)

// A servedPeer is one of the peers of listen -k.
type servedPeer struct {
	*server
	conn   duct.Conn
	number int64
	result relay.Result
	left   int64 // messages that the peer's CMD did not read
}

// report tells of an error of this peer's.
func (p *servedPeer) report(err error) {
	p.server.report(fmt.Errorf("connection %d: %w", p.number, err))
}

func (p *servedPeer) note(format string, args ...any) {
	p.server.note("connection %d: %s", p.number, fmt.Sprintf(format, args...))
}

func (p *servedPeer) serve() (err error) {
	switch {
	case p.hub != nil:
		p.result, err = p.hub.Join(p.kill, p.conn, p.number)
	case p.each:
		p.result, err = p.answerEach()
	default:
		err = p.serveFilter()
	}
	return err
}

// outcome is what -v says of the end.
func (p *servedPeer) outcome(err error) string {
	text := fmt.Sprintf("%d sent, %d received", p.result.Sent, p.result.Received)
	if p.left > 0 {
		text += fmt.Sprintf(", %d left unread by the command, and dropped", p.left)
	}
	if is[commandError](err) {
		text = err.Error() + ": " + text
	}
	return text
}

// serveFilter has a CMD of its own serve the peer. When the service ends, CMD
// is told of the end of its stdin, and has time for its last words.
func (p *servedPeer) serveFilter() error {
	defer context.AfterFunc(p.stop, func() { p.conn.CloseRead() })()
	far := relay.Duct(p.conn, relay.DuctOptions{Limit: int64(p.maxSize), StayOpen: p.noShutdown, Stream: p.streamsOut()})
	far.Name = "the connection"
	o := p.endingFlags.options(p.report)
	var err error
	p.result, p.left, err = p.carryFilter(p.kill, far, o, p.environment(), p)
	return err
}

// converse runs the conversation of the peer and its CMD.
func (p *servedPeer) converse(ctx context.Context, near, far *relay.End, o relay.Options) (relay.Result, error) {
	taps := p.taps(p.number)
	near.Tap, far.Tap = taps.Sent, taps.Received
	r, err := relay.Run(ctx, near, far, o)
	if endsReported(err) {
		err = reportedError{err}
	}
	return r, err
}

// answerEach has a CMD answer each message of the peer.
func (p *servedPeer) answerEach() (relay.Result, error) {
	env := p.environment()
	answer := func(ctx context.Context, payload []byte) ([][]byte, error) { return p.ask(ctx, payload, env) }
	return relay.Each(p.kill, p.stop, p.conn, answer, relay.EachOptions{
		Limit:        int64(p.maxSize),
		IdleTimeout:  p.idle.d,
		StallTimeout: p.stallTimeout.d,
		Taps:         p.taps(p.number),
		Admit:        p.admit,
		Failed: func(message int64, err error) {
			p.report(fmt.Errorf("message %d has no reply: %w", message, err))
		},
	})
}

// ask starts CMD with one message on its stdin. The records that it prints are
// the replies, if it ends with 0.
func (p *servedPeer) ask(ctx context.Context, payload []byte, env []string) ([][]byte, error) {
	if err := p.fits(payload); err != nil {
		return nil, err
	}
	f, err := startFilter(p.path, p.argv, env, p.streams.Err)
	if err != nil {
		return nil, err
	}
	message, replies := relay.Memory([][]byte{payload}, int64(p.maxSize))
	_, err = relay.Run(ctx, f.end(&p.messageFlags, p.streams), message, relay.Options{Linger: relay.Forever})
	if err = waitFor(ctx, f.Process, err); err != nil {
		return nil, err
	}
	return replies(), nil
}

// fits finds a message that CMD could not be given: nothing is made of it then.
func (p *servedPeer) fits(payload []byte) error {
	return p.out.NewEncoder(p.messageFlags.options()).Encode(bufio.NewWriter(io.Discard), frame.Payload{Bytes: payload})
}

// environment is ours with what is known of the peer, in the manner of UCSPI,
// in place of what ours may say of another one.
func (p *servedPeer) environment() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !describesPeer(entry) {
			env = append(env, entry)
		}
	}
	return append(env, p.description()...)
}

func (p *servedPeer) description() []string {
	env := []string{envPrefix + "_CONN=" + strconv.FormatInt(p.number, 10)}
	if address := p.conn.Address(); !address.IsUnix() {
		return append(env, "PROTO=TCP", "TCPREMOTEIP="+address.Host(), "TCPREMOTEPORT="+strconv.Itoa(address.Port()))
	}
	env = append(env, "PROTO=IPC")
	peer, err := p.conn.Peer()
	if err != nil {
		return env
	}
	return append(env, "IPCREMOTEEUID="+strconv.Itoa(peer.UID), "IPCREMOTEEGID="+strconv.Itoa(peer.GID))
}

// describesPeer says whether an entry of the environment is about somebody's
// peer, such as TCPREMOTEHOST, which others set and we do not.
func describesPeer(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	if name == "PROTO" || name == envPrefix+"_CONN" {
		return true
	}
	for _, prefix := range []string{"TCPREMOTE", "TCPLOCAL", "IPCREMOTE", "IPCLOCAL"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
