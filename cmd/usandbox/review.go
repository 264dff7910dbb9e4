package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
)

// plainTerminal undoes what a command may have done to the terminal so that what is shown
// next cannot be seen, or not as it is: the second screen, attributes such as concealed,
// graphic characters, a scrolling region, insertion. See ECMA-48 and console_codes(4).
func plainTerminal(f *os.File) {
	if os.Getenv("TERM") != "dumb" {
		io.WriteString(f, "\x1b[?47l\x1b[m\x0f\x1b(B\x1b7\x1b[?6l\x1b[r\x1b8\x1b[?25h\x1b[4l\x1b[?7h\r\n")
	}
}

// review shows what a run, which has ended, changed, asks on the terminal what to do,
// and does it. The exit code is that of what was done; nothing to do is 0.
func review(runDir string) int {
	run, err := cow.Load(runDir)
	if err != nil {
		return fail(fmt.Errorf("review: %w", err))
	}
	view, changes, err := reviewed(run)
	if err != nil {
		return failReview(err)
	}
	defer view.Close()
	if len(changes) == 0 {
		fmt.Fprintln(os.Stderr, "usandbox: the command changed nothing")
		if err := run.Discard(); err != nil {
			return failDiscard(run.ID, err)
		}
		return 0
	}
	terminal, noTerminal := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if noTerminal == nil {
		plainTerminal(terminal)
	}
	out, _ := newPainter(os.Stderr, "auto") // standard output is the command's
	printChanges(out, run, changes)
	out.Flush()
	if noTerminal != nil {
		fmt.Fprintf(os.Stderr, "usandbox: there is no terminal to ask on; %s\n", run.Kept())
		return 0
	}
	defer terminal.Close()
	// What was typed before this was no answer: the command may have asked, in our words.
	unix.IoctlSetInt(int(terminal.Fd()), unix.TCFLSH, unix.TCIFLUSH)
	answers := bufio.NewReader(terminal)
	for {
		fmt.Fprintf(terminal, "[a]pply, look at the [p]atch, [k]eep, [d]iscard? ")
		line, err := answers.ReadString('\n')
		answer := strings.ToLower(strings.TrimSpace(line))
		if err != nil { // end of file: nothing that cannot be undone
			fmt.Fprintln(terminal)
			answer = "keep"
		}
		switch answer {
		case "a", "apply":
			view.Close()
			o := applying{run: run}
			return o.apply()
		case "p", "patch":
			page, _ := newPainter(terminal, "auto")
			if err := errors.Join(printPatch(page, view, changes), page.Flush()); err != nil {
				return fail(err)
			}
		case "k", "keep":
			fmt.Fprintf(os.Stderr, "usandbox: %s\n", run.Kept())
			return 0
		case "d", "discard":
			view.Close()
			if err := run.Discard(); err != nil {
				return failDiscard(run.ID, err)
			}
			return 0
		}
	}
}
