package relay

// A Tap sees payloads that pass, each whole, before whoever they are for. What
// its error is, the conversation or service ends with.
type Tap func(payload []byte) error

// see shows a payload to a tap, if there is one.
func (t Tap) see(payload []byte) error {
	if t == nil {
		return nil
	}
	return t(payload)
}

// Taps see what is sent to a peer and what is received from it. Either may be nil.
type Taps struct{ Sent, Received Tap }
