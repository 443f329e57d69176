package relay

import (
	"context"
	"io"
	"sync"
	"time"

	"ductworks/internal/duct"
	"ductworks/internal/format"
	"ductworks/internal/frame"
)

// HubOptions say how a hub serves its peers.
type HubOptions struct {
	// Limit is the largest payload in bytes that is received.
	Limit int64
	// Count is how many messages from all peers together end the service. Zero
	// means no such number.
	Count int64
	// StallTimeout is for how long a peer may take no byte of what it is sent.
	StallTimeout time.Duration
	// IdleTimeout closes a peer of which nothing has moved for so long. Zero
	// means never.
	IdleTimeout time.Duration
	// StayOpen leaves the sending direction of all open at the end of the input.
	StayOpen bool
	// Report is told at once of input that was wrong, and of messages for a
	// peer that is not there.
	Report func(error)
}

// A Hub joins many ducts to one stream of records each way: what the peers
// send comes out whole and in each peer's order, and what is read goes to all
// of them, the slowest of which sets the pace. Nothing is dropped.
//
// Run and any number of Joins are called concurrently.
type Hub struct {
	HubOptions
	output   hubOutput
	input    *End
	greeting [][]byte // what each peer is sent, where there is no input to read
	// recipients is the Sink of what is read.
	recipients Sink

	writing sync.Mutex // of output
	count   int64      // messages received from all

	mu        sync.Mutex
	members   map[int64]*member
	inputOver bool
	over      chan struct{} // closed when the service is over
	err       error         // why
	wrong     error         // input that was wrong
}

// A hubOutput is where messages go that come from peers. Its methods are
// called by one goroutine at a time.
type hubOutput interface {
	open(m *member) error
	message(m *member, payload []byte) error
	close(m *member) error
	flush() error
}

// NewHub makes a hub of a stream of records each way.
func NewHub(in Input, out Output, o format.Options, ho HubOptions) *Hub {
	return newHub(Records(in, out, o), &plainOutput{newRecordSink(out)}, in.Payloads, ho)
}

func newHub(input *End, output hubOutput, greeting [][]byte, ho HubOptions) *Hub {
	h := &Hub{
		HubOptions: ho, input: input, output: output, greeting: greeting,
		members: map[int64]*member{}, over: make(chan struct{}),
	}
	h.inputOver = input.Reader == nil
	h.recipients = everybody{h}
	return h
}

// Run carries what is read to all peers, until the service is over: when ctx
// ends, when Count messages have been received, or when the output breaks. The
// end of the input is not the end of the service. The error is as that of the
// function Run.
func (h *Hub) Run(ctx context.Context) error {
	stopWatching := h.watchStalls()
	defer stopWatching()
	if h.input.Reader != nil {
		go h.carryInput()
	}
	select {
	case <-ctx.Done():
		h.end(context.Cause(ctx))
	case <-h.over:
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return worst(h.err, h.wrong)
}

// carryInput reads the input to its end.
func (h *Hub) carryInput() {
	l := newLane(h.input, &End{Sink: h.recipients})
	l.run()
	h.mu.Lock()
	h.inputOver = true
	if fails(l.err) {
		h.wrong = l.err
	}
	members := h.list()
	h.mu.Unlock()
	if fails(l.err) {
		h.Report(l.err)
	}
	for _, m := range members {
		h.endSending(m)
	}
}

// endSending ends what is sent to a peer, there being no more of it.
func (h *Hub) endSending(m *member) {
	if !h.StayOpen {
		m.queue.close()
	}
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

// list is all members; h.mu is held.
func (h *Hub) list() []*member {
	all := make([]*member, 0, len(h.members))
	for _, m := range h.members {
		all = append(all, m)
	}
	return all
}

// all is all members, in no order.
func (h *Hub) all() []*member {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.list()
}

// member is the peer with a number, nil if it is not there.
func (h *Hub) member(number int64) *member {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.members[number]
}

// Join lets a peer take part until it has gone, both directions have ended,
// something is wrong with it, or the service is over. number tells it from all
// others. The connection is Join's: it is closed.
func (h *Hub) Join(ctx context.Context, conn duct.Conn, number int64) error {
	m := newMember(conn, number)
	ctx, cancel := limitIdle(ctx, h.IdleTimeout, conn.Moved)
	defer cancel()
	if err := h.enter(m); err != nil {
		conn.Close()
		return err
	}
	err := m.live(ctx, h)
	h.leave(m)
	return err
}

func (h *Hub) enter(m *member) error {
	if err := h.put(func() error { return h.output.open(m) }); err != nil {
		return err
	}
	for _, payload := range h.greeting {
		m.queue.put(payload)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.members[m.number] = m
	if h.inputOver {
		h.endSending(m)
	}
	return nil
}

func (h *Hub) leave(m *member) {
	h.mu.Lock()
	delete(h.members, m.number)
	h.mu.Unlock()
	h.put(func() error { return h.output.close(m) })
}

// receive passes on one message of a peer.
func (h *Hub) receive(m *member, p frame.Payload) error {
	return h.put(func() error {
		if h.isOver() {
			return errStopped
		}
		m.received.Add(1)
		if err := h.output.message(m, p.Bytes); err != nil {
			return err
		}
		h.count++
		if h.count < h.Count || h.Count == 0 {
			return nil
		}
		if err := h.output.flush(); err != nil {
			return err
		}
		h.end(nil)
		return errStopped
	})
}

// flush hands on what peers have sent.
func (h *Hub) flush() error { return h.put(h.output.flush) }

// put has do write to the output. A failure of that ends the service.
func (h *Hub) put(do func() error) error {
	h.writing.Lock()
	err := do()
	h.writing.Unlock()
	if err == nil || err == errStopped {
		return err
	}
	h.end((&lane{to: h.input}).sinkError(err))
	return errStopped
}

func (h *Hub) isOver() bool {
	select {
	case <-h.over:
		return true
	default:
		return false
	}
}

// everybody is the Sink of what goes to all peers.
type everybody struct{ h *Hub }

// Put gives the message first to those that can take it at once.
func (e everybody) Put(p frame.Payload) error {
	payload := p.Bytes
	if p.Rest != nil {
		whole, err := gather(p)
		if err != nil {
			return err
		}
		payload = whole
	}
	var slow []*member
	for _, m := range e.h.all() {
		if !m.queue.tryPut(payload) {
			slow = append(slow, m)
		}
	}
	for _, m := range slow {
		m.queue.put(payload)
	}
	return nil
}

func (e everybody) Flush() error { return nil }
func (e everybody) Close() error { return nil }

// plainOutput writes messages as records, whoever they come from.
type plainOutput struct{ sink Sink }

func (o *plainOutput) open(*member) error  { return nil }
func (o *plainOutput) close(*member) error { return nil }
func (o *plainOutput) flush() error        { return o.sink.Flush() }
func (o *plainOutput) message(_ *member, payload []byte) error {
	return o.sink.Put(frame.Payload{Bytes: payload})
}

// outputFirst is a reader that hands on what has been received before it may
// have to wait for more.
type outputFirst struct {
	r io.Reader
	h *Hub
	m *member
}

func (f outputFirst) Read(p []byte) (int, error) {
	if err := f.h.flush(); err != nil {
		return 0, err
	}
	n, err := f.r.Read(p)
	f.m.arrived.Add(int64(n))
	return n, err
}
