package cmd

import (
	"fmt"
	"io"
	"os"
	"time"

	"ductworks/internal/relay"
)

// rateSpan is the time over which rates are taken.
const rateSpan = 2 * time.Second

// A progress is what has been carried since a start, and at which rates.
type progress struct {
	soFar   func() relay.Result
	start   time.Time
	input   *fileShare // nil where there is no file
	samples []sample   // of the last rateSpan, the oldest first
}

type sample struct {
	at time.Time
	relay.Result
}

// line describes what there is to see now, and leaves out what does not fit into
// less than width columns.
func (p *progress) line(now time.Time, width int) string {
	first, last := p.take(now)
	took := last.at.Sub(first.at)
	begin := p.input.String() + clock(now.Sub(p.start))
	sent, received := amount("sent", last.Sent, last.SentBytes), amount("received", last.Received, last.ReceivedBytes)
	sentRates := rates(last.Sent-first.Sent, last.SentBytes-first.SentBytes, took)
	receivedRates := rates(last.Received-first.Received, last.ReceivedBytes-first.ReceivedBytes, took)
	for _, line := range []string{begin + sent + sentRates + received + receivedRates, begin + sent + received, begin} {
		if len(line) < width {
			return line
		}
	}
	return ""
}

// take takes a sample, and gives the one that is old enough to compare it with.
func (p *progress) take(now time.Time) (first, last sample) {
	last = sample{now, p.soFar()}
	p.samples = append(p.samples, last)
	for len(p.samples) > 2 && now.Sub(p.samples[1].at) >= rateSpan {
		p.samples = p.samples[1:]
	}
	if len(p.samples) == 1 {
		return sample{at: p.start}, last
	}
	return p.samples[0], last
}

func amount(verb string, messages, bytes int64) string {
	return fmt.Sprintf("  %s %d, %s", verb, messages, roughSize(float64(bytes)))
}

func rates(messages, bytes int64, took time.Duration) string {
	f := newFlow(messages, bytes, took)
	return fmt.Sprintf(" (%.0f/s, %s/s)", f.MessagesPerSecond, roughSize(f.BytesPerSecond))
}

// clock gives a time as 1:23:45, or 0:07.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// roughSize gives a number of bytes with three digits or so.
func roughSize(n float64) string {
	if n < 1024 {
		return fmt.Sprintf("%.0f B", n)
	}
	units := []string{"KiB", "MiB", "GiB", "TiB"}
	n /= 1024
	for n >= 1024 && len(units) > 1 {
		n, units = n/1024, units[1:]
	}
	return fmt.Sprintf("%.1f %s", n, units[0])
}

// A fileShare tells how much of a file has been read since a start.
type fileShare struct {
	file        *os.File
	start, size int64
}

// newFileShare gives nil for an end that reads no regular file.
func newFileShare(e *relay.End) *fileShare {
	f, ok := e.Reader.(*os.File)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	start, err := offsetOf(f)
	if err != nil {
		return nil
	}
	return &fileShare{file: f, start: start, size: info.Size()}
}

func offsetOf(f *os.File) (int64, error) { return f.Seek(0, io.SeekCurrent) }

// String is empty where there is nothing to read, or no more: at its end the
// file is closed.
func (s *fileShare) String() string {
	if s == nil || s.size <= s.start {
		return ""
	}
	at, err := offsetOf(s.file)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%3d%%  ", min(100*(at-s.start)/(s.size-s.start), 100))
}
