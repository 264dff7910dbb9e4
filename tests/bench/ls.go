package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed crowd.c
var crowdSource []byte

// listed is the number of processes among which namespaces are listed.
const listed = 10000

// lsTable measures `usandbox ls` beside lsns(8), with many processes.
func lsTable(b *bench) (table, error) {
	rounds := part(b.n, 20)
	t := table{
		title: fmt.Sprintf("List: namespaces of %d processes, %d rounds", listed, rounds),
		head:  []string{"what", "median", "p10", "p90", "to lsns", "target"},
	}
	crowd, err := b.newCrowd(listed)
	if err != nil {
		t.note("not measured: %v", err)
		return t, nil
	}
	defer crowd.end()
	list := []contestant{
		b.command("lsns", 0, "lsns"),
		b.command("usandbox ls", 1.2, b.usandbox, "ls"),
		b.command("usandbox ls --json --output-all", 1.2, b.usandbox, "ls", "--json", "--output-all"),
		b.command("usandbox ls --type net", 1.2, b.usandbox, "ls", "--type", "net"),
	}
	results, err := contest(rounds, list)
	if err != nil {
		return t, err
	}
	t.results(list, results)
	return t, nil
}

// crowd is many processes that do nothing.
type crowd struct {
	first *exec.Cmd
	input *os.File // its end is theirs, also when this program is killed
}

// newCrowd makes n processes, or none. A user may have fewer (RLIMIT_NPROC,
// pids.max of a control group, pid_max): then the first of them says so.
func (b *bench) newCrowd(n int) (*crowd, error) {
	source, program := filepath.Join(b.dir, "crowd.c"), filepath.Join(b.dir, "crowd")
	if err := os.WriteFile(source, crowdSource, 0o644); err != nil {
		return nil, err
	}
	if err := output(exec.Command("cc", "-O2", "-static", "-o", program, source)); err != nil {
		return nil, err
	}
	in, input, err := os.Pipe() // close-on-exec: no process of ours keeps it open
	if err != nil {
		return nil, err
	}
	defer in.Close()
	c := &crowd{first: exec.Command(program, strconv.Itoa(n)), input: input}
	c.first.Stdin = in
	out, err := c.first.StdoutPipe()
	if err == nil {
		err = c.first.Start()
	}
	if err != nil {
		input.Close()
		return nil, err
	}
	late := time.AfterFunc(time.Minute, func() { c.first.Process.Kill() })
	defer late.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if made := strings.TrimSpace(line); err == nil && made != strconv.Itoa(n) {
		err = fmt.Errorf("only %s of %d processes could be made", made, n)
	}
	if err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// end ends all of them, and waits until they are gone.
func (c *crowd) end() {
	c.input.Close()
	c.first.Wait()
}
