//go:build race

package relay

// raced: the race detector needs memory of its own.
const raced = true
