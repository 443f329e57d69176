package relay

import (
	"context"
	"sync"
	"time"

	"ductworks/internal/duct"
	"ductworks/internal/format"
)

// HubOptions say how a hub serves its peers.
type HubOptions struct {
	// Limit is the largest payload in bytes that is received.
	Limit int64
	// Count is how many messages from all peers together end the service. Zero
	// means no such number.
	Count int64
	// StallTimeout is for how long a peer may take no byte of what it is sent
	// before it is closed. Zero means for ever.
	StallTimeout time.Duration
	// Stalling, if not nil, is told of a peer that takes no byte just now.
	Stalling func(number int64)
	// IdleTimeout closes a peer of which nothing has moved for so long. Zero
	// means never.
	IdleTimeout time.Duration
	// StayOpen leaves the sending direction of all open at the end of the input.
	StayOpen bool
	// Report is told at once of input that was wrong, and of messages for a
	// peer that is not there.
	Report func(error)
	// Taps, if not nil, gives what sees the messages to and from a peer. What
	// is to be sent is seen before it is queued.
	Taps func(number int64) Taps
}

// A Hub joins many ducts to one stream of records each way: what the peers
// send comes out whole and in each peer's order, and what is read goes to all
// of them, the slowest of which sets the pace. Nothing is dropped; so the input
// is not read before the first of them is there.
//
// Run is called once, and beside it any number of Joins.
type Hub struct {
	HubOptions
	output     hubOutput
	writing    chan struct{} // holds something while somebody writes to output
	count      int64         // messages received from all, for who writes
	input      *End
	recipients Sink     // of what is read
	greeting   [][]byte // what each peer is sent, where there is no input to read
	greetings  parcel   // all of that

	mu        sync.Mutex
	members   map[int64]*member
	inputOver bool
	err       error         // why the service is over
	wrong     error         // input that was wrong
	joined    chan struct{} // closed when a peer has come
	over      chan struct{} // closed when nothing more is received
	complete  chan struct{} // closed when nothing more is to be sent
}

// NewHub makes a hub of a stream of records each way.
func NewHub(in Input, out Output, o format.Options, ho HubOptions) *Hub {
	h := newHub(Records(in, out, o), in.Payloads, ho)
	h.output = newPlainOutput(out)
	h.recipients = &everybody{h: h}
	return h
}

// newHub leaves it to the caller to set output and recipients.
func newHub(input *End, greeting [][]byte, ho HubOptions) *Hub {
	h := &Hub{
		HubOptions: ho, input: input,
		writing: make(chan struct{}, 1), members: map[int64]*member{},
		joined: make(chan struct{}), over: make(chan struct{}), complete: make(chan struct{}),
	}
	if h.greeting = greeting; len(greeting) > 0 {
		h.greetings = bundle(greeting)
	}
	h.inputOver = input.Reader == nil
	return h
}

// Run carries what is read to all peers, until the service is over: when ctx
// ends, when Count messages have been received, or when the output breaks. The
// end of the input is not the end of the service. The error is as that of the
// function Run.
func (h *Hub) Run(ctx context.Context) error {
	stopWatching := h.watchStalls()
	defer stopWatching()
	stopReading := h.startInput()
	select {
	case <-ctx.Done():
		h.end(context.Cause(ctx))
	case <-h.over:
	}
	err := h.cause()
	if err == nil {
		stopReading(ctx)
	}
	close(h.complete)
	return worst(err, h.faults())
}

// end ends the service.
func (h *Hub) end(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.isOver() {
		h.err = err
		close(h.over)
	}
}

func (h *Hub) isOver() bool {
	select {
	case <-h.over:
		return true
	default:
		return false
	}
}

// cause is why the service is over.
func (h *Hub) cause() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// faults is what went wrong without ending the service.
func (h *Hub) faults() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := h.output.unfit(); n > 0 {
		return worst(h.wrong, &UnfitError{n})
	}
	return h.wrong
}

// Join lets a peer take part until it has gone, both directions have ended,
// something is wrong with it, or the service is over. number tells it from all
// others. The connection is Join's: it is closed. When ctx ends, Join waits
// neither for the peer nor for the output.
func (h *Hub) Join(ctx context.Context, conn duct.Conn, number int64) (Result, error) {
	m := newMember(conn, number)
	if h.Taps != nil {
		m.taps = h.Taps(number)
	}
	if !h.enter(m) {
		return Result{}, conn.Close()
	}
	for _, p := range h.greeting { // which nobody takes yet
		h.see(m.taps.Sent, p) // should it fail, the service is over
	}
	life, cancel := limitIdle(ctx, h.IdleTimeout, conn.Moved)
	defer cancel()
	err := m.live(life, ctx, h)
	h.leave(ctx, m)
	if err == errStopped {
		err = nil
	}
	return m.result(), err
}

// see shows a payload to a tap, whose error ends the service.
func (h *Hub) see(t Tap, payload []byte) error {
	err := t.see(payload)
	if err != nil {
		h.end(err)
		return errStopped
	}
	return nil
}

// enter makes m a member, unless the service is over. From then on it is sent
// what there is for it; that it has come is told before its first message.
func (h *Hub) enter(m *member) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isOver() {
		return false
	}
	if h.greetings.frames != nil {
		m.queue.put(h.greetings)
	}
	h.members[m.number] = m
	if h.inputOver {
		h.endSending(m)
	}
	select {
	case <-h.joined:
	default:
		close(h.joined)
	}
	return true
}

// endSending ends what is sent to a peer, there being no more of it.
func (h *Hub) endSending(m *member) {
	if !h.StayOpen {
		m.queue.close()
	}
}

// leave tells of the end of m, after its last message.
func (h *Hub) leave(kill context.Context, m *member) {
	h.mu.Lock()
	delete(h.members, m.number)
	h.mu.Unlock()
	if m.hasRead() && m.opened {
		h.tell(kill, func() error { return h.output.close(m) })
	}
}

// appendAll appends all members, in no order.
func (h *Hub) appendAll(all []*member) []*member {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.members {
		all = append(all, m)
	}
	return all
}

// member is the peer with a number, nil if it is not there.
func (h *Hub) member(number int64) *member {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.members[number]
}
