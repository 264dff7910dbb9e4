package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/usandbox/usandbox/cow"
)

// listedRun is a run as runs --json prints it.
type listedRun struct {
	ID       string     `json:"id"`
	State    string     `json:"state"` // running, ended, killed, damaged
	ExitCode *int       `json:"exit_code,omitempty"`
	Command  []string   `json:"command,omitempty"`
	Dirs     []string   `json:"dirs,omitempty"`
	Started  *time.Time `json:"started,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
	Size     int64      `json:"size"` // bytes on disk
	Problem  string     `json:"problem,omitempty"`
}

func runsCommand(args []string) int {
	set := newFlagSet("runs")
	asJSON := set.Bool("json", false, "print JSON: a list of runs")
	if code, ok := parseSmall(set, args, 0, 0); !ok {
		return code
	}
	runs, _ := cow.Runs() // what is wrong with others is in damaged
	damaged, err := cow.DamagedRuns()
	if err != nil {
		return fail(err)
	}
	list := []listedRun{}
	for _, r := range runs {
		if err := r.Recover(); err != nil {
			fmt.Fprintf(os.Stderr, "usandbox: %s: %s\n", r.ID, printable(err.Error()))
		}
		list = append(list, listRun(r))
	}
	for _, d := range damaged {
		list = append(list, listedRun{ID: d.Name, State: "damaged", Problem: d.Err.Error()})
	}
	if *asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(list); err != nil {
			return fail(err)
		}
		return 0
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tSTARTED\tSIZE\tFOLDERS\tCOMMAND")
	for _, l := range list {
		state, started, command := l.State, "-", "-"
		if l.ExitCode != nil {
			state = fmt.Sprintf("%s (%d)", state, *l.ExitCode)
		}
		if l.Started != nil {
			started = l.Started.Format(time.DateTime)
		}
		if len(l.Command) > 0 {
			command = printable(strings.Join(l.Command, " "))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", printable(l.ID), state, started, bytesText(l.Size), printable(strings.Join(l.Dirs, " ")), command)
	}
	w.Flush()
	return 0
}

func listRun(r *cow.Run) listedRun {
	l := listedRun{ID: r.ID, State: "running", Command: r.Command, Started: &r.Started, Size: r.Size()}
	for _, layer := range r.Layers {
		l.Dirs = append(l.Dirs, layer.Dir)
	}
	if r.Running() {
		return l
	}
	l.State = "killed"
	if end, err := r.End(); err == nil && end.Known {
		code := end.Status.ExitStatus()
		if end.Status.Signaled() {
			code = 128 + int(end.Status.Signal())
		}
		l.State, l.ExitCode, l.Ended = "ended", &code, &end.At
	}
	return l
}

// bytesText is a size with a unit of 1024.
func bytesText(n int64) string {
	units := "BKMGT"
	x, i := float64(n), 0
	for ; x >= 1024 && i < len(units)-1; i++ {
		x /= 1024
	}
	if i == 0 {
		return fmt.Sprintf("%dB", n)
	}
	return fmt.Sprintf("%.1f%c", x, units[i])
}
