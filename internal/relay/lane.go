package relay

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"ductworks/internal/duct"
	"ductworks/internal/frame"
)

var (
	// errStopped ends a lane that was told to stop, or has reached its limit.
	errStopped = errors.New("relay: stopped")
	// errUnread ends a lane to a process that does not read any more.
	errUnread = errors.New("relay: nobody reads")
)

// A lane carries messages one way, from one end's Source to the other's Sink,
// in one goroutine.
//
// It stands between the Source and what the Source reads from. So it knows the
// moment at which everything received has been passed on and it is about to
// wait: there it flushes, and there it can be stopped without losing anything.
type lane struct {
	from, to *End
	source   Source
	ready    readiness // of what the source reads from
	batch    *batch    // nil where messages are passed on one by one
	holder   *holder   // of messages to be there whole, where it pays, else nil
	count    int64     // messages passed on
	bytes    int64     // in their payloads
	limit    int64     // messages after which the lane ends, if not 0

	reset error // how the source's connection broke, if it was reset

	done chan struct{} // closed at the end of run
	err  error         // why the lane ended, nil at the end of the source: for after done

	mu      sync.Mutex
	state   state
	midway  bool  // part of a message has been passed on, the rest is yet to come
	size    int64 // of that message
	before  int64 // moved, when it began
	carried int64 // count, as it was when state last changed
	payload int64 // bytes, likewise
	stopped bool
	cut     bool // the source was made to end before its time
}

func newLane(from, to *End) *lane {
	l := &lane{from: from, to: to, ready: readinessOf(from.Reader), holder: newHolder(from, to), done: make(chan struct{})}
	l.source = from.source(l)
	if from.Tap == nil {
		l.batch = newBatch(l.source, to.Sink)
	}
	to.lane = l
	return l
}

// run carries messages until the source ends, something fails, or stop.
func (l *lane) run() {
	defer close(l.done)
	l.err = l.carry()
	l.unpark()
	l.giveBack()
	l.from.hangUp()
}

func (l *lane) carry() error {
	for {
		p, err := l.source.Next()
		if err != nil {
			return l.finish(err)
		}
		if err := l.pass(p); err != nil {
			return err
		}
		if l.count == l.limit {
			return l.finish(errStopped)
		}
	}
}

// pass puts a message into the sink, with it maybe more that are there already.
func (l *lane) pass(p frame.Payload) error {
	if p.Rest == nil && l.batch != nil {
		n, bytes, err := l.batch.pass(p, l.limit-l.count)
		l.count += n
		l.bytes += bytes
		return l.sinkError(err)
	}
	return l.passAlone(p)
}

// passAlone puts one message into the sink.
func (l *lane) passAlone(p frame.Payload) error {
	size := p.Size()
	if err := l.prepare(&p); err != nil {
		return err
	}
	if err := l.put(p); err != nil {
		return err
	}
	l.count++
	l.bytes += size
	return nil
}

func (l *lane) put(p frame.Payload) error {
	if p.Rest != nil {
		return l.putStreamed(p)
	}
	return l.sinkError(l.to.Sink.Put(p))
}

// putStreamed puts a message into the sink whose payload is still on its way.
func (l *lane) putStreamed(p frame.Payload) error {
	l.begin(p.Size())
	err := l.to.Sink.Put(p)
	l.end()
	var rest *frame.RestError
	if errors.As(err, &rest) {
		return l.tear(rest.Err)
	}
	return l.sinkError(err)
}

// tear deals with the failure of a source in the middle of a message of which
// the other end has part already. A peer must not wait for the rest of it, nor
// take for the rest what others may send, so its stream ends here in any case.
func (l *lane) tear(err error) error {
	if err == errStopped { // since nobody is there to whom the rest could be given
		return l.sinkError(syscall.EPIPE)
	}
	if l.to.duct != nil {
		l.to.duct.conn.CloseWrite()
	}
	return l.sourceError(err)
}

// prepare shows a message to whoever watches. They want it whole, and so do
// those who cannot be left waiting for the rest.
func (l *lane) prepare(p *frame.Payload) error {
	if p.Rest != nil && l.holder != nil && p.Size() <= streamAbove {
		return l.hold(p)
	}
	if p.Rest != nil && (l.from.Tap != nil || l.mustNotWait(*p)) {
		all, err := gather(*p)
		if err != nil {
			return l.sourceError(err)
		}
		*p = frame.Payload{Bytes: all}
	}
	if l.from.Tap == nil {
		return nil
	}
	return l.from.Tap(p.Bytes)
}

// mustNotWait says whether the rest of p could be long in coming while others
// wait for their turn to send.
func (l *lane) mustNotWait(p frame.Payload) bool {
	_, spooled := p.Rest.R.(*os.File)
	_, regular := l.ready.(always)
	return l.to.duct != nil && l.to.duct.shared && !spooled && !regular
}

// finish passes on what there is once the source has ended with err.
func (l *lane) finish(err error) error {
	if ferr := l.to.Sink.Flush(); ferr != nil {
		return l.sinkError(ferr)
	}
	if err == errStopped {
		return err
	}
	if err == io.EOF && l.reset != nil {
		err = l.reset
	}
	if err != io.EOF {
		err = l.sourceError(err)
	}
	if l.diedUnread(err) {
		err = io.EOF
	}
	if endsConversation(err) {
		return err
	}
	if cerr := l.to.Sink.Close(); cerr != nil {
		return l.sinkError(cerr)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// diedUnread says whether err is how the duct of a process breaks that ended
// with messages unread. All that it has sent has been received by then.
func (l *lane) diedUnread(err error) bool {
	var broken *BrokenError
	return l.from.Gone != nil && errors.As(err, &broken) && broken.Duct
}

// Read reads for the Source. It is called when no whole message is left.
func (l *lane) Read(p []byte) (int, error) {
	if err := l.to.Sink.Flush(); err != nil {
		return 0, err // finish finds it again and knows whose it is
	}
	if !l.await() {
		return 0, errStopped
	}
	n, err := l.from.Reader.Read(p)
	if l.wasReset(err) {
		n, err = l.from.Reader.Read(p)
	}
	if !l.unpark() || err == io.EOF && l.isCut() {
		return 0, errStopped
	}
	return n, err
}

// await parks the lane until there is something to read, where that can be
// told: nothing is taken from the source while the lane counts as parked.
func (l *lane) await() bool {
	return l.park() && (!l.ready.await() || l.enter(taking))
}

// wasReset says whether err is the first news of a reset. Then the source is
// read on to its end, which alone tells whether a frame is torn.
func (l *lane) wasReset(err error) bool {
	if l.from.duct == nil || l.reset != nil || !errors.Is(err, syscall.ECONNRESET) {
		return false
	}
	l.reset = err
	return true
}

// File is what is read from where that is a file, else nil.
func (l *lane) File() *os.File {
	f, _ := l.from.Reader.(*os.File)
	return f
}

// Source is what is read from, for moving bytes past the lane. Whoever does
// so calls park before and unpark after.
func (l *lane) Source() io.Reader { return l.from.Reader }

// sourceError says in terms of the conversation that from could not be read.
func (l *lane) sourceError(err error) error {
	if endsConversation(err) || endsInput(err) {
		return err
	}
	return &BrokenError{End: l.from.Name, Duct: l.from.duct != nil, Err: err, end: l.from}
}

// sinkError says in terms of the conversation that to could not be written.
func (l *lane) sinkError(err error) error {
	switch {
	case err == nil, err == errStopped, errors.As(err, new(*duct.LockError)):
		return err
	case l.to.duct == nil && errors.Is(err, syscall.EPIPE):
		return ErrOutputClosed
	case l.to.Gone != nil:
		return errUnread
	}
	return &BrokenError{End: l.to.outName(), Writing: true, Duct: l.to.duct != nil, Err: err, end: l.to}
}
