package relay

// What a lane is doing, and what others may ask of it while it runs: all of this is under its mu.

// A state is what a lane is doing.
type state int

const (
	busy   state = iota
	parked       // waiting for the source, with everything passed on
	taking       // as parked, but the source has something, which may have been read
)

func (l *lane) park() bool   { return l.enter(parked) }
func (l *lane) unpark() bool { return l.enter(busy) }

// enter says whether the lane may go on. In the middle of a message it may.
func (l *lane) enter(s state) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
	l.carried, l.payload = l.count, l.bytes
	return !l.stopped || l.midway
}

// begin says that a message of some size is midway from now on, end that none is.
func (l *lane) begin(size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.midway, l.size, l.before = true, size, l.moved()
}

func (l *lane) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.midway = false
}

// moved counts the bytes that have gone through the one of both ends that is a
// duct, or through the second one of two.
func (l *lane) moved() int64 {
	if l.to.duct != nil {
		return l.to.moved()
	}
	return l.from.moved()
}

// stop ends the lane at the next moment at which everything that it received
// has been passed on. It says whether that moment is now; else wait for done.
func (l *lane) stop() (quiet bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	return l.state != busy && !l.midway
}

// stopIfIdle stops the lane where it waits for a source that has nothing to
// read. Otherwise the lane is left alone: it will run into its end by itself.
func (l *lane) stopIfIdle() (stopped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != parked || l.ready.now() {
		return false
	}
	l.stopped = true
	return true
}

// drain makes the lane end once it has passed on what the source has now. It
// says whether it can.
func (l *lane) drain() bool {
	if l.from.Drain == nil {
		return false
	}
	l.mu.Lock()
	l.cut = true
	l.mu.Unlock()
	l.from.Drain()
	return true
}

func (l *lane) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// isMidway says whether part of a message has been passed on.
func (l *lane) isMidway() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.midway
}

// messages counts what had been passed on when the lane last waited or ended.
func (l *lane) messages() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.carried
}

// payloadBytes counts the bytes in those messages.
func (l *lane) payloadBytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.payload
}

// passedBytes is payloadBytes with what has moved since a message began that is
// midway. The other direction has its part in that: it is for who watches.
func (l *lane) passedBytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.midway {
		return l.payload
	}
	return l.payload + min(l.size, l.moved()-l.before)
}

// delivered counts the messages that the other end has been given.
func (l *lane) delivered() int64 {
	if l.to.duct != nil {
		return l.to.written()
	}
	return l.messages()
}

// isThrough says whether the lane has carried all up to the end of its source.
func (l *lane) isThrough() bool {
	select {
	case <-l.done:
		return l.err == nil
	default:
		return false
	}
}
