package tests

import "testing"

// Limits of time and output where the command has a terminal of its own.
func TestTmuxLimits(t *testing.T) {
	p := newPane(t)

	// Ctrl-C in the grace kills at once, whatever the command makes of it.
	p.runs(`usandbox run --timeout 400ms --grace 5m -- sh -c 'trap "" INT; trap "echo patience" TERM; while :; do sleep 0.05; done'`)
	p.shows("^patience$")
	p.types("C-c")
	p.ended(124)

	// A job that is stopped goes on, and is ended, when the time is up.
	p.runs(`usandbox run --timeout 2s -- sh -c 'echo ready; sleep 1000'`)
	p.shows("^ready$")
	p.types("C-z")
	p.shows("Stopped")
	p.shows("--timeout 2s: the command ran longer; it was ended")
	p.types("", "Enter")
	p.shows(`^\[1\]\+ +Exit 124`)

	// What is typed keeps a command from being idle.
	p.runs(`usandbox run --idle-timeout 1500ms -- sh -c 'stty -echo; echo ready; sleep 3; echo late'`)
	p.shows("^ready$")
	for range 6 {
		p.tmux("send-keys", "x")
		p.tmux("run-shell", "sleep 0.5")
	}
	p.shows("^late$")
	p.ended(0)
	p.runs(`usandbox run --idle-timeout 300ms -- sleep 1000`)
	p.shows("--idle-timeout 300ms: the command printed nothing")
	p.ended(124)

	p.runs(`usandbox run --output-limit 100 -- yes`)
	p.shows("--output-limit 100: the command printed more")
	p.ended(124)
}
