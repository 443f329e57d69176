//go:build linux || darwin

package relay

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// leavings are the ways in which a peer can leave.
var leavings = []struct {
	name   string
	leave  func(*peer)
	resets bool // whether that breaks the connection
}{
	{"half-closes", (*peer).halfClose, false},
	{"closes", func(p *peer) { p.Close() }, false},
	{"resets", (*peer).reset, true},
	{"is killed", (*peer).die, true},
}

// TestEndsWithStdinFirst: our message and the end of our stream are with the
// peer before it does anything.
func TestEndsWithStdinFirst(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		for _, l := range leavings {
			for _, midway := range []bool{false, true} {
				t.Run(cell(l.name, midway), func(t *testing.T) {
					k := begin(t, tr, setup{stdin: tempFile(t, "1\n")})
					if !l.resets {
						k.peer.expect("1")
					}
					k.peer.send("2", "3")
					want := clean
					if l.resets {
						want = broken
					}
					if midway {
						k.peer.write(halfFrame)
						want = torn
					}
					l.leave(k.peer)
					k.comesTo(want)
					k.shows("2", "3")
				})
			}
		}
	})
}

// TestEndsWithPeerFirst: stdin stays open.
func TestEndsWithPeerFirst(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		for _, l := range leavings[1:] {
			if !l.resets && !tr.hangsUp {
				continue // see TestTCPPeerThatLeftIsFoundOutByTheNextMessage
			}
			t.Run(cell(l.name, false), func(t *testing.T) {
				k := begin(t, tr, setup{})
				want := clean
				if l.resets {
					k.say("1")
					want = broken
				}
				k.peer.send("2", "3")
				l.leave(k.peer)
				k.comesTo(want)
				k.shows("2", "3")
			})
		}
		for _, l := range leavings {
			t.Run(cell(l.name, true), func(t *testing.T) {
				k := begin(t, tr, setup{})
				if l.resets {
					k.say("1")
				}
				k.peer.send("2", "3")
				k.peer.write(halfFrame)
				l.leave(k.peer)
				k.comesTo(torn)
				k.shows("2", "3")
			})
		}
	})
}

func cell(leaving string, midway bool) string {
	if midway {
		return leaving + " mid-frame"
	}
	return leaving
}

// TestEndsAtOnce: stdin is at its end from the start, and the peer leaves at once.
func TestEndsAtOnce(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		for _, l := range leavings {
			for _, midway := range []bool{false, true} {
				t.Run(cell(l.name, midway), func(t *testing.T) {
					stdin, want := "", clean
					if l.resets {
						stdin, want = "1\n", broken
					}
					near, far := tr.open(t)
					far.send("2", "3")
					if midway {
						far.write(halfFrame)
						want = torn
					}
					left := beside(t, func() { l.leave(far) })
					if !l.resets {
						<-left
					}
					k := beginWith(t, near, far, setup{stdin: tempFile(t, stdin)})
					k.comesTo(want)
					k.shows("2", "3")
				})
			}
		}
	})
}

func TestPeerThatHalfClosesIsStillSentTo(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{})
		k.peer.send("1")
		k.peer.halfClose()
		k.awaitShown("1")
		k.say("2")
		if got := k.peer.receive(); got != "2" {
			t.Errorf("the peer has %q", got)
		}
		k.say("3")
		k.goesOn()
		k.stdin.Close()
		k.peer.expect("3")
		k.peer.Close()
		k.comesTo(clean)
		k.shows("1")
	})
}

// TestTCPPeerThatLeftIsFoundOutByTheNextMessage: nothing sooner tells that it
// does not just half-close.
func TestTCPPeerThatLeftIsFoundOutByTheNextMessage(t *testing.T) {
	k := begin(t, transports()[1], setup{})
	k.peer.send("1")
	k.peer.Close()
	k.awaitShown("1")
	k.goesOn()
	k.say("2")
	k.comesTo(broken)
	k.shows("1")
}

// TestReplyAfterRequest: the end of stdin leaves the other direction alone.
func TestReplyAfterRequest(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{stdin: tempFile(t, "request\n")})
		k.peer.expect("request")
		k.goesOn()
		k.peer.send("reply")
		k.awaitShown("reply")
		k.goesOn()
		k.peer.Close()
		k.comesTo(clean)
		if r := k.result; r.Sent != 1 || r.Received != 1 {
			t.Errorf("counted %d sent and %d received", r.Sent, r.Received)
		}
	})
}

// manyLines is more than any transport takes without a peer that reads.
var manyLines = slices.Repeat([]string{strings.Repeat("x", 99)}, 80_000)

// TestEndsWithUnsentData: the peer leaves while we still have a lot to say to it.
func TestEndsWithUnsentData(t *testing.T) {
	content := recorded(manyLines...)
	overThree(t, func(t *testing.T, tr transport) {
		for _, ended := range []bool{false, true} {
			for _, l := range leavings {
				t.Run(fmt.Sprintf("%s, stdin ended %v", l.name, ended), func(t *testing.T) {
					k := begin(t, tr, setup{})
					beside(t, func() {
						io.WriteString(k.stdin, content) // as far as it goes
						if ended {
							k.stdin.Close()
						}
					})
					k.peer.awaitData()
					k.peer.send("2")
					l.leave(k.peer)
					if l.name == "half-closes" {
						lines := make(chan []string, 1)
						go func() {
							got, err := k.peer.drain()
							if err != nil {
								t.Errorf("the peer's stream ends with %v", err)
							}
							lines <- got
						}()
						if !ended {
							eventually(t, "all has been sent", func() bool { return k.near.Moved() >= int64(len(manyLines)*104+6) })
							k.stdin.Close()
						}
						k.comesTo(clean)
						if got := <-lines; !slices.Equal(got, manyLines) {
							t.Errorf("the peer has %s", brief(got))
						}
						k.shows("2")
						return
					}
					k.comesTo(broken)
					k.shows("2")
					k.stdin.Close()
					if e, _ := errors.AsType[*BrokenError](k.err); e.Written >= int64(len(manyLines)) || e.Written != k.result.Sent {
						t.Errorf("%d messages written, as the error says, or %d, as the result does", e.Written, k.result.Sent)
					}
				})
			}
		}
	})
}

// TestTornWinsOverUnsentData: what the peer did wrong is worse than that it left.
func TestTornWinsOverUnsentData(t *testing.T) {
	stdin := tempFile(t, recorded(manyLines...))
	overThree(t, func(t *testing.T, tr transport) {
		for _, l := range leavings {
			t.Run(l.name, func(t *testing.T) {
				stdin.Seek(0, io.SeekStart)
				k := begin(t, tr, setup{stdin: stdin})
				k.peer.awaitData()
				k.peer.send("2")
				k.peer.write(halfFrame)
				l.leave(k.peer)
				k.comesTo(torn)
				k.shows("2")
			})
		}
	})
}

// TestHangupTriesWhatStdinHolds: nothing that could be read counts as sent
// just because the peer has gone.
func TestHangupTriesWhatStdinHolds(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		if !tr.hangsUp {
			t.Skip("its peer does not hang up")
		}
		for range 300 {
			near, far := tr.open(t)
			hangUp := beside(t, func() {
				far.send("2")
				far.Close()
			})
			k := beginWith(t, near, far, setup{})
			k.say("1") // before or after the peer has gone
			<-hangUp
			err := k.wait()
			sent := k.result.Sent == 1
			unread := readinessOf(k.stdinEnd).now()
			// Written and left unread, or refused: the connection broke.
			// Still in stdin: it was not there yet when the peer left.
			if judge(err) == clean && !unread || judge(err) == broken && unread {
				t.Fatalf("ended with %v, sent %v, still unread %v", err, sent, unread)
			}
			k.shows("2")
		}
	})
}

// TestHangupLeavesHalfARecord: it is no record, and no loss.
func TestHangupLeavesHalfARecord(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		if !tr.hangsUp {
			t.Skip("its peer does not hang up")
		}
		k := begin(t, tr, setup{})
		io.WriteString(k.stdin, "no end of line")
		k.peer.send("2")
		k.awaitShown("2")
		eventually(t, "stdin has been read", func() bool { return !readinessOf(k.stdinEnd).now() })
		k.peer.Close()
		k.comesTo(clean)
	})
}

// TestProtocolErrorsEndAtOnce: though stdin is open and the peer stays.
func TestProtocolErrorsEndAtOnce(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		for name, wrong := range map[string]string{"magic": "GET / HTTP/1.1\r\n", "size": "T\x00\x00\x00\x65"} {
			t.Run(name, func(t *testing.T) {
				k := begin(t, tr, setup{limit: 100})
				k.peer.send("1")
				k.peer.write(wrong)
				if err := k.wait(); !endsConversation(err) || judge(err) == torn {
					t.Errorf("ended with %v", err)
				}
				k.shows("1")
			})
		}
	})
}

// TestLastFrameBeforeClose: the end of the stream takes nothing with it.
func TestLastFrameBeforeClose(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		devNull := tempFile(t, "")
		for i := range 1000 {
			near, far := tr.open(t)
			last := fmt.Sprint("message ", i)
			sent := beside(t, func() {
				far.send(last)
				far.Close()
			})
			k := beginWith(t, near, far, setup{stdin: devNull})
			k.comesTo(clean)
			k.shows(last)
			<-sent
			if t.Failed() {
				t.Fatalf("after %d conversations", i)
			}
		}
	})
}

// TestBadRecordEndsSendingOnly: what stood before it is sent, what stands
// behind it is not, and the other direction goes on.
func TestBadRecordEndsSendingOnly(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{format: "json", stdin: tempFile(t, "1\n2\nnone\n3\n")})
		k.peer.expect("1", "2")
		eventually(t, "the fault is reported", func() bool { return len(k.reports()) == 1 })
		k.goesOn()
		k.peer.send("4")
		k.peer.Close()
		k.comesTo(badData)
		k.shows("4")
	})
}

// TestUnfitPayloadIsNotShown: and the next one is.
func TestUnfitPayloadIsNotShown(t *testing.T) {
	overEach(t, func(t *testing.T, tr transport) {
		k := begin(t, tr, setup{format: "json", stdin: tempFile(t, "")})
		k.peer.send("1", "no json", "2")
		k.peer.Close()
		k.comesTo(badData)
		k.shows("1", "2")
		if reports := k.reports(); len(reports) != 1 || !is[*PayloadError](reports[0]) {
			t.Errorf("reported %v", reports)
		}
	})
}
