package cmd

import (
	"testing"
	"time"

	"ductworks/internal/frame"
)

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "1": time.Second, "1.5": 1500 * time.Millisecond, ".25": 250 * time.Millisecond,
		"1.5s": 1500 * time.Millisecond, "200ms": 200 * time.Millisecond, "2m": 2 * time.Minute, "1h30m": 90 * time.Minute,
	} {
		var v durationValue
		if err := v.Set(text); err != nil || v.d != want || !v.set {
			t.Errorf("%q: got %v, %v, want %v", text, v.d, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "-1s", "1 s", "NaN", "Inf", "1e30", "5 minutes"} {
		if err := new(durationValue).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "4096": 4096, "64MiB": 64 << 20, "64 MiB": 64 << 20, "1KB": 1000, "512KiB": 512 << 10,
		"4294967295": frame.MaxPayload, "4GiB-1": frame.MaxPayload,
	} {
		var v sizeValue
		if err := v.Set(text); err != nil || int64(v) != want {
			t.Errorf("%q: got %d, %v, want %d", text, v, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "4GiB", "4294967296", "64MiBs"} {
		if err := new(sizeValue).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestMode(t *testing.T) {
	for text, want := range map[string]uint32{"0600": 0o600, "660": 0o660, "0": 0, "0777": 0o777} {
		var v modeValue
		if err := v.Set(text); err != nil || uint32(v.mode) != want {
			t.Errorf("%q: got %o, %v, want %o", text, v.mode, err, want)
		}
	}
	for _, text := range []string{"", "0800", "u+rw", "1777", "-1", "384"} {
		if err := new(modeValue).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestCount(t *testing.T) {
	for _, text := range []string{"", "0", "-1", "1.5", "0x10", "many"} {
		if err := new(countValue).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	var v countValue
	if err := v.Set("010"); err != nil || v != 10 {
		t.Errorf("010 is %d, %v: want 10, for it is no octal number", v, err)
	}
}
