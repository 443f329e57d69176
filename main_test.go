package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkStart is what every run costs before it does anything: the process,
// the initialisation of its packages, the flags and the configuration.
func BenchmarkStart(b *testing.B) {
	program := filepath.Join(b.TempDir(), "ductworks")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for b.Loop() {
		if err := exec.Command(program, "version").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
