package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/terminal"
)

const terminalMegabytes = 50

// terminalTable measures how fast output comes through a terminal to one reader: of a
// program on it, and of the same program on a terminal of the sandbox's own, which
// usandbox relays to it.
func terminalTable(b *bench) (table, error) {
	name := filepath.Join(b.dir, "text")
	line := strings.Repeat("the quick brown fox jumps over the lazy dog ", 2)[:79] + "\n"
	if err := os.WriteFile(name, []byte(strings.Repeat(line, terminalMegabytes<<20/len(line))), 0o644); err != nil {
		return table{}, err
	}
	list := []contestant{
		{name: "bare", run: func() error { return throughTerminal("cat", name) }},
		{name: "usandbox run", target: 0.8, run: func() error { return throughTerminal(b.usandbox, "run", "--ro", name, "--", "cat", name) }},
		{name: "usandbox run --pty never", run: func() error {
			return throughTerminal(b.usandbox, "run", "--pty", "never", "--ro", name, "--", "cat", name)
		}},
	}
	results, err := contest(max(b.n/20, 5), list)
	if err != nil {
		return table{}, err
	}
	t := table{
		title: fmt.Sprintf("Terminal: %d MiB of lines to one reader", terminalMegabytes),
		head:  []string{"what", "MiB a second", "to bare", "target"},
	}
	for i, c := range list {
		rate := terminalMegabytes / results[i].median().Seconds()
		row := []string{c.name, fmt.Sprintf("%.0f", rate), fmt.Sprintf("%.2f", ratio(results[0], results[i])), ""}
		if c.target != 0 {
			row[3] = atLeast(ratio(results[0], results[i]), c.target)
		}
		t.add(row...)
	}
	return t, nil
}

// throughTerminal runs a program on a terminal, as somebody who has logged in does,
// and reads all of its output.
func throughTerminal(program string, args ...string) error {
	master, slave, err := terminal.Open()
	if err != nil {
		return err
	}
	defer master.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	slave.Close()
	if err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	read := 0
	for {
		n, err := unix.Read(int(master.Fd()), buf)
		if err != nil && err != unix.EINTR || err == nil && n == 0 { // EIO: nobody has the terminal open
			break
		}
		read += max(n, 0)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %.200q", err, buf)
	}
	if read < terminalMegabytes<<20-100 {
		return fmt.Errorf("only %d bytes came through", read)
	}
	return nil
}
