package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/registry"
)

func psCommand(args []string) int {
	set := newFlagSet("ps")
	asJSON := set.Bool("json", false, "print JSON: a list of sandboxes")
	if code, ok := parseSmall(set, args, 0, 0); !ok {
		return code
	}
	reg, err := registry.Open()
	if err != nil {
		return fail(err)
	}
	list, err := reg.List()
	if err != nil {
		return fail(err)
	}
	if *asJSON {
		return printJSON(list)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tPID\tSTARTED\tIDS\tCOMMAND")
	for _, e := range list {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d:%d\t%s\n", e.Name, stateOf(e), e.Supervisor.PID,
			e.Started.Format(time.DateTime), e.UID, e.GID, commandOf(e))
	}
	w.Flush()
	return 0
}

// stateOf is the state in a word.
func stateOf(e *registry.Entry) string {
	switch {
	case e.Ended != nil:
		return fmt.Sprintf("ended (%d)", e.Ended.ExitCode)
	case e.Started.IsZero():
		return "starts"
	case len(e.Command) == 0:
		return "held"
	}
	return "runs"
}

func commandOf(e *registry.Entry) string {
	if len(e.Command) == 0 {
		return "-"
	}
	return printable(strings.Join(e.Command, " "))
}

// listed is an entry as ps --json prints it.
type listed struct {
	*registry.Entry
	State string `json:"state"`
}

func printJSON(list []*registry.Entry) int {
	all := []listed{}
	for _, e := range list {
		all = append(all, listed{e, strings.Fields(stateOf(e))[0]})
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(all); err != nil {
		return fail(err)
	}
	return 0
}

// newFlagSet is a set of flags for a command that has few.
func newFlagSet(name string) *pflag.FlagSet {
	set := pflag.NewFlagSet(name, pflag.ContinueOnError)
	set.SortFlags = false
	set.Usage = func() {}
	return set
}

// parseSmall parses args and checks how many are left, at least least and at most
// most (-1: any number). Not ok: the exit code is final.
func parseSmall(set *pflag.FlagSet, args []string, least, most int) (code int, ok bool) {
	if err := parseFlags(set, args); err != nil {
		if err == errHelp {
			return 0, false
		}
		var h hinted
		errors.As(err, &h)
		return fail(err, h.hint), false
	}
	if n := set.NArg(); n < least || most >= 0 && n > most {
		return fail(fmt.Errorf("usandbox %s: wrong number of arguments", set.Name()), "usandbox help "+set.Name()), false
	}
	return 0, true
}
