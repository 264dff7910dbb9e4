package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/registry"
)

// netCommand changes or shows what a sandbox that has a name may reach.
func netCommand(args []string) int {
	set := newFlagSet("net")
	if code, ok := parseSmall(set, args, 0, -1); !ok {
		return code
	}
	args = set.Args()
	usage := "usandbox net allow|deny SANDBOX RULE ..., or usandbox net show SANDBOX"
	if len(args) < 2 {
		return fail(errors.New("net: wrong number of arguments"), usage)
	}
	verb, name, specs := args[0], args[1], args[2:]
	r := &netRequest{Verb: verb}
	var err error
	switch verb {
	case "allow", "deny":
		if len(specs) == 0 {
			return fail(fmt.Errorf("net %s: no rule is given", verb), usage)
		}
		r.Rules, err = netRules(verb, specs)
	case "show":
		if len(specs) > 0 {
			return fail(errors.New("net show: wrong number of arguments"), usage)
		}
	default:
		return fail(fmt.Errorf("net: unknown command %q", verb), nearest(verb, []string{"allow", "deny", "show"}, "usandbox net "), usage)
	}
	if err == nil {
		err = netAsk(name, r)
	}
	var h hinted
	errors.As(err, &h)
	if err != nil {
		return fail(err, h.hint)
	}
	return 0
}

// netRules reads rules here: lists are the caller's files, and mistakes are told before
// anything is changed.
func netRules(verb string, specs []string) (texts []string, err error) {
	for _, spec := range specs {
		parse, print := network.ParseAllow, network.Rule.String
		if verb == "deny" {
			parse, print = network.ParseDeny, network.Rule.DenyString
		}
		rules, err := parse(spec, "")
		var syntax *network.SyntaxError
		if errors.As(err, &syntax) {
			return nil, hinted{fmt.Errorf("net %s: %w", verb, err), syntax.Hint}
		}
		if err != nil {
			return nil, fmt.Errorf("net %s: %w", verb, err)
		}
		for _, r := range rules {
			texts = append(texts, print(r))
		}
	}
	if len(texts) > network.MaxListRules {
		return nil, fmt.Errorf("net %s: more than %d rules", verb, network.MaxListRules)
	}
	return texts, nil
}

// netAsk sends a request to the supervisor of a sandbox, and prints what it answers.
func netAsk(name string, r *netRequest) error {
	reg, err := registry.Open()
	if err != nil {
		return err
	}
	entry, err := reg.Get(name)
	if err == nil && !entry.Alive() {
		err = &registry.NotFoundError{Name: name}
	}
	if err != nil {
		return hinted{err, "usandbox ps lists those that run"}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0) // a request comes with three streams
	if err != nil {
		return err
	}
	defer null.Close()
	fd, err := ask(entry, request{Net: r}, []*os.File{null, null, null})
	if err != nil {
		return fmt.Errorf("net %s %s: %w", r.Verb, name, err)
	}
	defer unix.Close(fd)
	out := bufio.NewWriter(os.Stdout)
	for {
		var a answer
		switch {
		case !receive(fd, &a):
			return fmt.Errorf("net %s %s: its supervisor has ended", r.Verb, name)
		case a.Error != "":
			return fmt.Errorf("net %s %s: %s", r.Verb, name, a.Error)
		}
		for _, line := range a.Lines {
			what, rest, _ := strings.Cut(line, "\t")
			text, origin, _ := strings.Cut(rest, "\t")
			fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%-8s %-40s %s", what, printable(text), printable(origin)), " "))
		}
		if a.Done {
			return out.Flush()
		}
	}
}
