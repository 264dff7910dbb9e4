package bwrap

import (
	"slices"
	"strings"
	"sync"
)

// option is a row of the table of options.
type option struct {
	args  int    // how many arguments it takes
	names string // of these, for the help
	one   string // how the lack of its argument is worded; "": "an argument"
	short string // what it does, for the help
	read  func(p *parser, args []string) error
}

func (o option) takes() string {
	switch {
	case o.args > 1:
		return [...]string{2: "two", 3: "three"}[o.args] + " arguments"
	case o.one != "":
		return o.one
	}
	return "an argument"
}

// named is what an option is called where its arguments are missing.
func (option) named(name string) string {
	return strings.Replace(name, "--ro-bind-fd", "--bind-fd", 1)
}

// rows are all options, in the order of the help.
func rows() []row {
	return slices.Concat(generalOptions(), namespaceOptions(), treeOptions(), processOptions())
}

var table struct {
	once   sync.Once
	byName map[string]option
}

// options are the rows by their names.
func options() map[string]option {
	table.once.Do(func() {
		table.byName = make(map[string]option, 80)
		for _, r := range rows() {
			table.byName[r.name] = r.option
		}
	})
	return table.byName
}

// row is an option and its name.
type row struct {
	name string
	option
}

// flag is an option without an argument.
func flag(name, short string, field func(p *parser) *bool) row {
	return row{name, option{short: short, read: func(p *parser, _ []string) error {
		*field(p) = true
		return nil
	}}}
}

// descriptor is an option that takes a file descriptor, of which the last counts.
func descriptor(name, short string, field func(p *parser) *int) row {
	return row{name, option{args: 1, names: "FD", short: short, read: func(p *parser, a []string) error {
		fd := field(p)
		p.onlyLast(*fd != -1, name)
		n, ok := number(a[1])
		if !ok {
			return fail("Invalid fd: %s", a[1])
		}
		*fd = n
		return nil
	}}}
}

// id is an option that takes a user or group id.
func id(name, what string, field func(p *parser) *int64) row {
	return row{"--" + name, option{args: 1, names: strings.ToUpper(name), short: what, read: func(p *parser, a []string) error {
		p.onlyLast(*field(p) != -1, "--"+name)
		n, ok := number(a[1])
		if !ok {
			return fail("Invalid %s: %s", name, a[1])
		}
		*field(p) = int64(n)
		return nil
	}}}
}
