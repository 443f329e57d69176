//go:build linux || darwin

package relay

import (
	"io"
	"testing"
	"testing/synctest"
)

// TestSoFar: what has been carried is known while more is awaited.
func TestSoFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var soFar func() Result
		k := beginTimed(t.Context(), t, newFakeConn(1<<20), Options{
			Linger: Forever, Started: func(f func() Result) { soFar = f },
		})
		expect := func(want Result) {
			t.Helper()
			synctest.Wait()
			if got := soFar(); got != want {
				t.Errorf("so far %+v, want %+v", got, want)
			}
		}
		expect(Result{})
		io.WriteString(k.stdin, "12\n345\n")
		expect(Result{Sent: 2, SentBytes: 5})
		k.conn.in <- []byte(framed("6789") + halfFrame)
		expect(Result{Sent: 2, SentBytes: 5, Received: 1, ReceivedBytes: 4})
		k.stdin.Close()
		close(k.conn.in)
		<-k.done
	})
}

// TestSoFarOfAMessageMidway counts as much of it as has gone through the duct.
func TestSoFarOfAMessageMidway(t *testing.T) {
	conn := newFakeConn(0)
	l := &lane{from: &End{}, to: &End{duct: &ductEnd{conn: conn}}, payload: 10}
	conn.moved.Store(1000)
	expect := func(want int64) {
		t.Helper()
		if got := l.passedBytes(); got != want {
			t.Errorf("passed %d bytes, want %d", got, want)
		}
	}
	expect(10)
	l.begin(100)
	expect(10)
	conn.moved.Add(40)
	expect(50)
	conn.moved.Add(400)
	expect(110)
	l.end()
	expect(10)
}
