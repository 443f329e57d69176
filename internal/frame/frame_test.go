package frame_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"ductworks/internal/frame"
)

const limit = 64 << 20

// edges are the sizes at which a reader or a writer may go wrong.
var edges = []int{0, 1, 255, 256, 65535, 65536, 256<<10 - 6, 256<<10 - 5, 256<<10 - 4, 256 << 10, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5 << 20}

// wire makes frames independently of Writer.
func wire(payloads ...[]byte) []byte {
	var b []byte
	for _, p := range payloads {
		b = append(b, 'T')
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}

func pattern(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// readAll gives copies of all payloads and the error that ended them.
func readAll(r *frame.Reader) ([][]byte, error) {
	var got [][]byte
	for {
		p, err := r.Next()
		if err != nil {
			return got, err
		}
		if p.Rest == nil {
			for _, p := range r.Gather(append(make([]frame.Payload, 0, 3), p)) {
				got = append(got, bytes.Clone(p.Bytes))
			}
			continue
		}
		b := bytes.Clone(p.Bytes)
		rest, err := io.ReadAll(p.Rest)
		if err != nil {
			return got, err
		}
		got = append(got, append(b, rest...))
	}
}

func wantPayloads(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d messages, want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("message %d: got %d bytes, want %d, or their contents differ", i+1, len(got[i]), len(want[i]))
		}
	}
}

// variants are the ways in which a stream can arrive and be read.
func variants(data []byte) map[string]*frame.Reader {
	r := map[string]*frame.Reader{
		"at once":         frame.NewReader(bytes.NewReader(data), limit),
		"data with error": frame.NewReader(iotest.DataErrReader(bytes.NewReader(data)), limit),
		"halves":          frame.NewReader(iotest.HalfReader(bytes.NewReader(data)), limit),
		"exact":           frame.NewReader(bytes.NewReader(data), limit),
		"streamed":        frame.NewReader(bytes.NewReader(data), limit),
	}
	r["exact"].Exact = true
	r["streamed"].StreamAbove = 1000
	return r
}

func TestEverySizeBothWays(t *testing.T) {
	var payloads [][]byte
	for _, size := range edges {
		payloads = append(payloads, pattern(size))
	}
	var out bytes.Buffer
	w := frame.NewWriter(&out)
	for _, p := range payloads {
		if err := w.Put(frame.Payload{Bytes: p}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), wire(payloads...)) {
		t.Fatal("the written stream is not the frames of the payloads")
	}
	if w.Written() != int64(len(payloads)) {
		t.Fatalf("Written() = %d, want %d", w.Written(), len(payloads))
	}
	for name, r := range variants(out.Bytes()) {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(r)
			if err != io.EOF {
				t.Fatal(err)
			}
			wantPayloads(t, got, payloads)
		})
	}
}

func TestManyFramesInOneWrite(t *testing.T) {
	var payloads [][]byte
	for i := range 1000 {
		payloads = append(payloads, fmt.Appendf(nil, "message %d", i))
	}
	for name, r := range variants(wire(payloads...)) {
		got, err := readAll(r)
		if err != io.EOF {
			t.Fatalf("%s: %v", name, err)
		}
		wantPayloads(t, got, payloads)
	}
}

func TestEverySplit(t *testing.T) {
	payloads := [][]byte{[]byte("one"), {}, []byte("three")}
	data := wire(payloads...)
	for at := range len(data) + 1 {
		halves := io.MultiReader(bytes.NewReader(data[:at]), bytes.NewReader(data[at:]))
		got, err := readAll(frame.NewReader(halves, limit))
		if err != io.EOF {
			t.Fatalf("split at %d: %v", at, err)
		}
		wantPayloads(t, got, payloads)
	}
	got, err := readAll(frame.NewReader(iotest.OneByteReader(bytes.NewReader(data)), limit))
	if err != io.EOF {
		t.Fatal(err)
	}
	wantPayloads(t, got, payloads)
}

func TestEveryTruncation(t *testing.T) {
	payloads := [][]byte{[]byte("one"), {}, []byte("three"), pattern(300 << 10)}
	data := wire(payloads...)
	boundaries := map[int]int{0: 0}
	for i := range payloads {
		boundaries[len(wire(payloads[:i+1]...))] = i + 1
	}
	whole := 0
	for at := 0; at < len(data); at++ {
		if at > 40 && at < len(data)-40 {
			at = len(data) - 40
		}
		for name, r := range variants(data[:at]) {
			got, err := readAll(r)
			if n, ok := boundaries[at]; ok {
				whole = n
				if err != io.EOF {
					t.Fatalf("%s: end at boundary %d: %v", name, at, err)
				}
			} else if torn := (*frame.TornError)(nil); !errors.As(err, &torn) {
				t.Fatalf("%s: end at byte %d: got %v, want a TornError", name, at, err)
			}
			wantPayloads(t, got, payloads[:whole])
		}
	}
}

func TestTornErrorSaysHowFar(t *testing.T) {
	for _, test := range []struct {
		data string
		want frame.TornError
	}{
		{"T\x00\x00", frame.TornError{Frame: 1, Got: 3, Want: 5, InHeader: true}},
		{"T\x00\x00\x00\x04ab", frame.TornError{Frame: 1, Got: 2, Want: 4}},
		{"T\x00\x00\x00\x00T\x00\x00\x00\x04ab", frame.TornError{Frame: 2, Got: 2, Want: 4}},
	} {
		for name, r := range variants([]byte(test.data)) {
			_, err := readAll(r)
			var torn *frame.TornError
			if !errors.As(err, &torn) || *torn != test.want {
				t.Errorf("%s: %q: got %v, want %v", name, test.data, err, &test.want)
			}
			if _, again := r.Next(); again != err {
				t.Errorf("%s: %q: the error is not final: %v, then %v", name, test.data, err, again)
			}
		}
	}
}

func TestTornStreamedPayload(t *testing.T) {
	data := wire(pattern(2000))
	r := frame.NewReader(iotest.OneByteReader(bytes.NewReader(data[:505])), limit)
	r.StreamAbove = 1000
	_, err := readAll(r)
	want := frame.TornError{Frame: 1, Got: 500, Want: 2000}
	var torn *frame.TornError
	if !errors.As(err, &torn) || *torn != want {
		t.Fatalf("got %v, want %v", err, &want)
	}
}

func TestEveryWrongFirstByte(t *testing.T) {
	good := wire([]byte("good"))
	for b := range 256 {
		if b == frame.Magic {
			continue
		}
		for _, before := range [][]byte{nil, good} {
			data := append(bytes.Clone(before), byte(b))
			data = append(data, good...)
			got, err := readAll(frame.NewReader(bytes.NewReader(data), limit))
			var magic *frame.MagicError
			if !errors.As(err, &magic) || magic.Offset != int64(len(before)) || magic.Start[0] != byte(b) {
				t.Fatalf("byte %#x at %d: got %v", b, len(before), err)
			}
			if len(got) != len(before)/len(good) {
				t.Fatalf("byte %#x: %d messages came out after it", b, len(got))
			}
		}
	}
}

// A wrong byte is reported when it arrives, not when a header's worth has.
func TestWrongFirstByteAlone(t *testing.T) {
	r, w := io.Pipe()
	defer r.Close()
	go w.Write([]byte("H"))
	_, err := frame.NewReader(r, limit).Next()
	if magic := (*frame.MagicError)(nil); !errors.As(err, &magic) {
		t.Fatalf("got %v, want a MagicError", err)
	}
}

func TestMagicErrorNamesWhatItLooksLike(t *testing.T) {
	for start, want := range map[string]string{
		"\x16\x03\x01\x02\x00":      "TLS handshake",
		"HTTP/1.1 400 Bad":          "HTTP response",
		"GET / HTTP/1.1":            "HTTP request",
		"SSH-2.0-OpenSSH":           "SSH",
		`{"a":1}`:                   "JSON text",
		"[1]":                       "JSON text",
		"null":                      "JSON text",
		"hello\n":                   "plain text",
		"Gr\u00fc\u00dfe aus K\xc3": "plain text",
		"\x80\x04\x95":              "pickle",
		"\x00\x00\x00\x05":          "multiprocessing",
		"\xff\xfe\x00":              "binary data (ff fe 00)",
	} {
		_, err := frame.NewReader(strings.NewReader(start), limit).Next()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a word on %q", start, err, want)
		}
	}
}

// endless is a peer that promises much and sends little.
type endless struct {
	head []byte
	left int64
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.head) > 0 {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	e.left -= n
	return int(n), nil
}

func TestOverTheLimit(t *testing.T) {
	src := &endless{head: []byte("T\xff\xff\xff\xff"), left: 1 << 30}
	_, err := frame.NewReader(src, limit).Next()
	var size *frame.SizeError
	if !errors.As(err, &size) || size.Size != frame.MaxPayload || size.Limit != limit {
		t.Fatalf("got %v, want a SizeError", err)
	}
	if src.left < 1<<30-1<<20 {
		t.Fatal("the payload was read before it was refused")
	}
	r := frame.NewReader(bytes.NewReader(wire(pattern(10))), 10)
	if _, err := r.Next(); err != nil {
		t.Fatalf("a message of exactly the limit: %v", err)
	}
	if _, err := frame.NewReader(bytes.NewReader(wire(pattern(11))), 10).Next(); !errors.As(err, &size) {
		t.Fatalf("a message of one byte more than the limit: %v", err)
	}
}

// A promised length costs nothing; memory grows with what arrives.
func TestMemoryFollowsArrival(t *testing.T) {
	for _, arrived := range []int64{0, 1 << 20, 16 << 20} {
		src := &endless{head: frame.AppendHeader(nil, frame.MaxPayload), left: arrived}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := frame.NewReader(src, frame.MaxPayload).Next()
		runtime.ReadMemStats(&after)
		if torn := (*frame.TornError)(nil); !errors.As(err, &torn) || torn.Got != arrived {
			t.Fatalf("got %v", err)
		}
		if took, most := after.TotalAlloc-before.TotalAlloc, uint64(4*arrived+64<<10); took > most {
			t.Errorf("%d bytes arrived and %d were taken, want at most %d", arrived, took, most)
		}
	}
}

// A peer that says little costs little: a service has many of them.
func TestMemoryOfQuietPeer(t *testing.T) {
	src := iotest.OneByteReader(bytes.NewReader(wire([]byte("hello"), pattern(1000), pattern(2000))))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := frame.NewReader(src, frame.MaxPayload)
	for {
		if _, err := r.Next(); err != nil {
			break
		}
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<10 {
		t.Errorf("%d bytes were taken", took)
	}
}

// countingReader notes how much was taken from it.
type countingReader struct {
	io.Reader
	taken int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.taken += n
	return n, err
}

func TestExactTakesNotOneByteMore(t *testing.T) {
	payloads := [][]byte{[]byte("one"), {}, pattern(300 << 10), []byte("four")}
	src := &countingReader{Reader: bytes.NewReader(wire(payloads...))}
	r := frame.NewReader(src, limit)
	r.Exact = true
	for i := range payloads {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if want := len(wire(payloads[:i+1]...)); src.taken != want {
			t.Fatalf("after message %d: %d bytes taken, want %d", i+1, src.taken, want)
		}
	}
}

// The source is a hook by which the caller learns that it must flush.
func TestSourceIsReadOnlyWhenNothingIsLeft(t *testing.T) {
	data := wire([]byte("a"), []byte("b"), []byte("c"))
	reads := 0
	src := readerFunc(func(p []byte) (int, error) {
		reads++
		if reads > 1 {
			return 0, io.EOF
		}
		return copy(p, data[:len(data)-1]), nil // c lacks its last byte
	})
	r := frame.NewReader(src, limit)
	for range 2 {
		if _, err := r.Next(); err != nil || reads != 1 {
			t.Fatalf("%d reads, %v", reads, err)
		}
	}
	if _, err := r.Next(); err == nil || reads != 2 {
		t.Fatalf("%d reads, %v", reads, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestSourceErrorComesAfterWhatArrived(t *testing.T) {
	reset := errors.New("reset")
	src := io.MultiReader(bytes.NewReader(wire([]byte("last"))), iotest.ErrReader(reset))
	got, err := readAll(frame.NewReader(src, limit))
	if len(got) != 1 || err != reset {
		t.Fatalf("%d messages, then %v", len(got), err)
	}
}

func TestUnreadRestIsAnError(t *testing.T) {
	r := frame.NewReader(bytes.NewReader(wire(pattern(600<<10), []byte("next"))), limit)
	r.StreamAbove = 1000
	if p, err := r.Next(); err != nil || p.Rest == nil {
		t.Fatal("the payload did not come with a Rest", err)
	}
	if _, err := r.Next(); err == nil {
		t.Fatal("the rest of a payload was taken for a frame")
	}
}

func TestWriterGathers(t *testing.T) {
	writes := 0
	w := frame.NewWriter(writerFunc(func(p []byte) (int, error) { writes++; return len(p), nil }))
	for range 1000 {
		w.Put(frame.Payload{Bytes: []byte("small")})
	}
	w.Flush()
	w.Flush()
	if writes != 1 {
		t.Fatalf("1000 small messages took %d writes", writes)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// After a failed write nothing more is written: it would follow half a frame.
func TestWriterErrorIsFinalAndCounted(t *testing.T) {
	broken := errors.New("broken")
	for taken := range 30 {
		calls := 0
		w := frame.NewWriter(writerFunc(func(p []byte) (int, error) { calls++; return min(taken, len(p)), broken }))
		for range 3 {
			w.Put(frame.Payload{Bytes: []byte("hello")})
		}
		if err := w.Flush(); err != broken {
			t.Fatalf("Flush: %v", err)
		}
		for _, size := range []int{1, 1 << 20} {
			if err := w.Put(frame.Payload{Bytes: pattern(size)}); err != broken {
				t.Fatalf("Put after the error: %v", err)
			}
		}
		if calls != 1 {
			t.Fatalf("%d writes after the first failed", calls-1)
		}
		if want := int64(taken / 10); w.Written() != min(want, 3) {
			t.Fatalf("%d bytes taken: Written() = %d, want %d", taken, w.Written(), want)
		}
	}
}

// TestWriterPutAllCounts: what PutAll says to have put is what the destination
// has in its order, or what the Writer lost with its error.
func TestWriterPutAllCounts(t *testing.T) {
	batch := slices.Repeat([]frame.Payload{{Bytes: []byte("hello")}}, 100)
	batch[50].Bytes = pattern(1 << 20) // for which the buffer has no room
	var out bytes.Buffer
	w := frame.NewWriter(&out)
	if n, err := w.PutAll(batch); n != 100 || err != nil {
		t.Fatalf("PutAll: %d, %v", n, err)
	}
	w.Flush()
	if frames, size := frame.CountWhole(out.Bytes()); frames != 100 || size != out.Len() || w.Written() != 100 {
		t.Errorf("%d frames in %d of %d bytes, %d written", frames, size, out.Len(), w.Written())
	}
	broken := errors.New("broken")
	w = frame.NewWriter(writerFunc(func([]byte) (int, error) { return 0, broken }))
	if n, err := w.PutAll(batch); n != 50 || err != broken || w.Written() != 0 {
		t.Errorf("PutAll: %d, %v with %d written; want the 50 before the one that had to be written", n, err, w.Written())
	}
	if n, err := w.PutAll(batch[:3]); n != 0 || err != broken {
		t.Errorf("PutAll after the error: %d, %v", n, err)
	}
}

func TestCountWhole(t *testing.T) {
	frames := wire([]byte("a"), nil, []byte("ccc"))
	ends := []int{0, 6, 11, 19}
	for n := range len(frames) + 1 {
		want := 0
		for want+1 < len(ends) && ends[want+1] <= n {
			want++
		}
		if got, bytes := frame.CountWhole(frames[:n]); got != int64(want) || bytes != ends[want] {
			t.Errorf("%d bytes: %d whole frames of %d bytes, want %d of %d", n, got, bytes, want, ends[want])
		}
	}
}

func TestWriterStreamsRest(t *testing.T) {
	payload := pattern(3 << 20)
	var out bytes.Buffer
	w := frame.NewWriter(&out)
	for _, in := range []int{0, 10, 400 << 10} {
		rest := &io.LimitedReader{R: bytes.NewReader(payload[in:]), N: int64(len(payload) - in)}
		if err := w.Put(frame.Payload{Bytes: payload[:in], Rest: rest}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || !bytes.Equal(out.Bytes(), wire(payload, payload, payload)) {
		t.Fatalf("streamed frames differ (%v)", err)
	}
	short := &io.LimitedReader{R: bytes.NewReader(payload[:5]), N: 10}
	err := w.Put(frame.Payload{Rest: short})
	if rest := (*frame.RestError)(nil); !errors.As(err, &rest) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("a rest that ends early: %v", err)
	}
}

func TestNoAllocationPerMessage(t *testing.T) {
	data := wire(bytes.Split(bytes.Repeat([]byte("message\n"), 20000), []byte("\n"))...)
	r := frame.NewReader(bytes.NewReader(data), limit)
	w := frame.NewWriter(io.Discard)
	move := func() {
		p, err := r.Next()
		if err == nil {
			err = w.Put(p)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	move()
	if n := testing.AllocsPerRun(10000, move); n != 0 {
		t.Fatalf("%v allocations a message", n)
	}
}
