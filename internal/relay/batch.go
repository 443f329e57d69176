package relay

import "ductworks/internal/frame"

// largestBatch is how many messages are passed on at once.
const largestBatch = 128

// A gatherer is a Source that knows which messages it has already.
type gatherer interface {
	// Gather appends messages to batch that lie whole in memory, as far as its
	// capacity goes. They are valid until the next call of Next, and so is the
	// one that Next has given last.
	Gather(batch []frame.Payload) []frame.Payload
}

// A batchSink is a Sink that takes many messages at once.
type batchSink interface {
	// PutAll is Put for each of batch, none of which has a Rest. It says how
	// many it has taken before it failed.
	PutAll(batch []frame.Payload) (n int, err error)
}

// A batch passes small messages on together: the way from a source to a sink
// costs as much as what is done for a small message on either side of it.
type batch struct {
	from  gatherer
	to    batchSink
	space []frame.Payload
}

// newBatch gives nil where either side deals with single messages.
func newBatch(source Source, sink Sink) *batch {
	from, gathers := source.(gatherer)
	to, takes := sink.(batchSink)
	if !gathers || !takes {
		return nil
	}
	return &batch{from, to, make([]frame.Payload, 0, largestBatch)}
}

// pass passes p on, and what there is besides, at most limit messages in all
// where that is positive. It counts the messages and bytes that were taken.
func (b *batch) pass(p frame.Payload, limit int64) (messages, bytes int64, err error) {
	space := b.space
	if 0 < limit && limit < largestBatch {
		space = space[:0:limit]
	}
	all := b.from.Gather(append(space, p))
	n, err := b.to.PutAll(all)
	for _, p := range all[:n] {
		bytes += int64(len(p.Bytes))
	}
	return int64(n), bytes, err
}
