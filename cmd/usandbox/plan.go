package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/sandbox"
)

func planCommand(args []string) int {
	f := newRunFlags("plan")
	asJSON := f.set.Bool("json", false, "print JSON: a list of steps")
	f.pty.add(f.set)
	f.deadlines.declare(f.set)
	c, code, ok := f.prepare(args)
	if !ok {
		return code
	}
	if err := f.setTerminal(c); err != nil {
		return fail(err)
	}
	program, err := c.Plan()
	if err != nil {
		return fail(err)
	}
	if f.createSource {
		if err := announceSources(c); err != nil {
			return fail(err)
		}
	}
	if !*asJSON {
		printPlan(os.Stdout, program)
		return 0
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(jsonSteps(program)); err != nil {
		return fail(err)
	}
	return 0
}

// printPlan prints the steps under what they are for and where that comes from.
func printPlan(w io.Writer, program *launch.Program) {
	process, heading := "", ""
	for i, s := range program.Steps() {
		if s.Process() != process {
			process = s.Process()
			fmt.Fprintf(w, "%s:\n", process)
		}
		h := s.Doing()
		if s.Origin() != "" {
			h += " (" + s.Origin() + ")"
		}
		if h != heading {
			heading = h
			fmt.Fprintf(w, "  %s\n", printable(h))
		}
		for _, name := range program.LabelsAt(i) {
			fmt.Fprintf(w, "      %s:\n", printable(name))
		}
		fmt.Fprintf(w, "    %4d %s\n", i, printable(s.String()))
	}
}

type jsonStep struct {
	Step    int      `json:"step"`
	Process string   `json:"process"`
	Doing   string   `json:"doing"`
	Origin  string   `json:"origin,omitempty"`
	Labels  []string `json:"labels,omitempty"`
	Call    string   `json:"call"`
	Text    string   `json:"text"`
}

func jsonSteps(program *launch.Program) []jsonStep {
	steps := []jsonStep{}
	for i, s := range program.Steps() {
		steps = append(steps, jsonStep{i, s.Process(), s.Doing(), s.Origin(), program.LabelsAt(i), s.Call(), s.String()})
	}
	return steps
}

// verbose prints the steps to standard error before the command runs.
func verbose(c *sandbox.Cmd) int {
	program, err := c.Plan()
	if err != nil {
		return fail(err)
	}
	printPlan(os.Stderr, program)
	fmt.Fprintln(os.Stderr, "usandbox:", printable(c.LandlockNote()))
	return 0
}
