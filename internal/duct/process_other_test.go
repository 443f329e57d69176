//go:build !linux && !darwin

package duct

const helperVariable = "DUCT_TEST_HELPER"

func runHelper(string) int { return 2 }
