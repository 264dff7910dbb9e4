package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// lsns compares `usandbox ls --json` with `lsns --json`, field by field, in each
// form that lsns has. Other processes come and go: a namespace is compared when
// lsns says the same of it before and after. One that is different several times,
// and never the same, is an error.
func lsns(args []string) error {
	help, err := exec.Command("lsns", "--help").Output()
	if err != nil {
		return err
	}
	if list, err := exec.Command("lsns", "--list-columns").Output(); err == nil { // since util-linux 2.41
		help = append(help, list...)
	}
	columns := []string{"NS", "TYPE", "PATH", "NPROCS", "PID", "PPID", "COMMAND", "UID", "USER", "NETNSID", "NSFS", "PNS", "ONS"}
	known := map[string]bool{} // a line of the help begins with the name of a column
	for line := range strings.Lines(string(help)) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		known[name] = true
	}
	columns = slices.DeleteFunc(columns, func(c string) bool { return !known[c] })
	modes := [][]string{{"--list"}, {"--list", "-W"}, nil}
	if bytes.Contains(help, []byte("--tree")) {
		modes = append(modes, []string{"--tree=owner"}, []string{"--tree=parent"})
	}
	for _, mode := range modes {
		flags := append([]string{"--json", "-o", strings.Join(columns, ",")}, mode...)
		if err := sameRows(flags); err != nil {
			return fmt.Errorf("%v: %w", flags, err)
		}
	}
	return nil
}

// lsRows are the fields of each namespace; those of its parent in the tree too.
type lsRows map[string]map[string]string

const (
	rounds = 100 // how often the lists are compared at most
	often  = 3   // how often a namespace has to differ: less may be by chance
)

func sameRows(flags []string) error {
	wrong := map[string]int{} // how often a namespace was different
	how := map[string]string{}
	same := map[string]bool{}
	var failed error // the last end of lsns that was one
	for range rounds {
		before, lost := rowsOf("lsns", flags)
		ours, err := rowsOf("usandbox", append([]string{"ls"}, flags...))
		if err != nil {
			return err
		}
		after, lostToo := rowsOf("lsns", flags)
		if lost != nil || lostToo != nil { // lsns takes a process that vanishes for an error
			failed = errors.Join(lost, lostToo)
			continue
		}
		note := func(ns, difference string) {
			if difference == "" {
				same[ns] = true
			} else {
				wrong[ns]++
				how[ns] = difference
			}
		}
		for ns, fields := range before {
			if different(fields, after[ns]) == "" {
				note(ns, different(fields, ours[ns]))
			}
		}
		for ns, fields := range ours {
			if before[ns] == nil && after[ns] == nil && fields["nprocs"] != "json.Number 0" {
				note(ns, "lsns has none")
			}
		}
		for ns := range wrong {
			if same[ns] || after[ns] == nil && ours[ns] == nil { // gone
				delete(wrong, ns)
			}
		}
		if len(wrong) == 0 && len(same) > 0 {
			break
		}
	}
	for ns, n := range wrong {
		if n >= often {
			return fmt.Errorf("namespace %s: %s", ns, how[ns])
		}
	}
	if len(same) == 0 {
		return fmt.Errorf("no namespace stays the same long enough: %w", failed)
	}
	fmt.Printf("%d namespaces are the same %v\n", len(same), flags[3:])
	return nil
}

// different is the first field in which b is not a; "" if there is none.
func different(a, b map[string]string) string {
	if b == nil {
		return "not listed"
	}
	for key, value := range a {
		if key == "nsfs" && strings.HasPrefix(b[key], value+"\n") {
			continue // lsns of util-linux 2.41 has the first place only
		}
		if b[key] != value {
			return fmt.Sprintf("%s is %q, in lsns %q", key, b[key], value)
		}
	}
	return ""
}

// misleading reports whether a process's name looks like further fields of
// /proc/PID/stat, from which lsns takes its parent then; also when that cannot be
// known any more.
func misleading(pid string) bool {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	return err != nil || bytes.Count(text, []byte(")")) > 1
}

var drawn = regexp.MustCompile("(?m)^[ │|]*[│|][ │|]*\n")

func rowsOf(name string, args []string) (lsRows, error) {
	c := exec.Command(name, args...)
	var said bytes.Buffer
	c.Stderr = &said
	text, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w: %s", c.Args, err, &said)
	}
	// lsns of util-linux 2.41 draws the lines of a tree into the JSON, where a cell
	// would have a second line.
	text = drawn.ReplaceAll(text, nil)
	var list struct{ Namespaces []map[string]any }
	decode := json.NewDecoder(bytes.NewReader(text))
	decode.UseNumber()
	if err := decode.Decode(&list); err != nil {
		return nil, fmt.Errorf("%v: %w", c.Args, err)
	}
	rows := lsRows{}
	rows.add(list.Namespaces, "")
	return rows, nil
}

func (rows lsRows) add(list []map[string]any, parent string) {
	for _, object := range list {
		fields := map[string]string{"parent in the tree": parent}
		var children []map[string]any
		for key, value := range object {
			if key == "children" {
				for _, child := range value.([]any) {
					children = append(children, child.(map[string]any))
				}
				continue
			}
			fields[key] = fmt.Sprintf("%T %v", value, value)
			if key == "command" { // lsns leaves the spaces of a title that was cut
				fields[key] = strings.TrimRight(fields[key], " ")
			}
		}
		if pid := object["pid"]; pid != nil && misleading(fmt.Sprint(pid)) {
			delete(fields, "ppid")
			delete(fields, "parent in the tree")
		}
		ns := fmt.Sprint(object["ns"])
		rows[ns] = fields
		rows.add(children, ns)
	}
}
