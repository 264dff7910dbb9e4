package seccomp

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const enosys = uint16(unix.ENOSYS)

// parseAction reads an action at the start of words, and returns what follows.
func parseAction(words []string) (a Action, rest []string, err error) {
	if len(words) == 0 {
		return a, nil, errors.New("an action is missing: one of " + strings.Join(kindNames[:], ", "))
	}
	kind := Kind(slices.Index(kindNames[:], words[0]))
	n := 1
	switch {
	case kind >= kinds:
		return a, nil, fmt.Errorf("%q is no action%s; want one of %s", words[0], didYouMean(words[0], kindNames[:]), strings.Join(kindNames[:], ", "))
	case kind == Errno && len(words) == 1:
		return a, nil, errors.New("errno without its name; write as errno EPERM")
	case kind == Errno, kind.hasData() && len(words) > 1 && isDigit(words[1][0]):
		n = 2
	}
	a, err = ParseAction(strings.Join(words[:n], " "))
	return a, words[n:], err
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parseRule reads ACTION CALL... [when CONDITION [and CONDITION]...] [opens NAME].
func parseRule(words []string) (Rule, error) {
	var r Rule
	var err error
	if slices.Index(kindNames[:], words[0]) < 0 {
		return r, fmt.Errorf("%q starts no line%s; want default, unknown, foreign, arch or an action: %s",
			words[0], didYouMean(words[0], append([]string{"default", "unknown", "foreign", "arch"}, kindNames[:]...)), strings.Join(kindNames[:], ", "))
	}
	if r.Action, words, err = parseAction(words); err != nil {
		return r, err
	}
	for len(words) > 0 && words[0] != "when" && words[0] != "opens" {
		if err := checkCall(words[0]); err != nil {
			return r, err
		}
		r.Calls, words = append(r.Calls, words[0]), words[1:]
	}
	if len(r.Calls) == 0 {
		return r, errors.New("a rule without a call; after the action come names of calls, or of groups as @mount")
	}
	for sep := "when"; len(words) > 0 && words[0] == sep; sep = "and" {
		if len(r.When) == maxConditions {
			return r, fmt.Errorf("more than %d conditions", maxConditions)
		}
		var c Condition
		if c, words, err = parseCondition(words[1:]); err != nil {
			return r, err
		}
		r.When = append(r.When, c)
	}
	if len(words) == 2 && words[0] == "opens" {
		if strings.Trim(words[1], "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return r, fmt.Errorf("%q after opens: want a name of small letters, digits, - and _", words[1])
		}
		r.Opens, words = words[1], nil
	}
	if len(words) > 0 {
		return r, fmt.Errorf("%q is not expected here: a rule is ACTION CALL... [when CONDITION [and CONDITION]...] [opens NAME]", words[0])
	}
	return r, nil
}

// maxConditions is how many conditions a rule in a text has at most.
const maxConditions = 32

// checkCall refuses a name that is none of a call, on any architecture, and of no group.
func checkCall(name string) error {
	if isGroup(name) {
		if Members(name) != nil {
			return nil
		}
		return fmt.Errorf("%q is no group of system calls%s", name, didYouMean(name, Groups()))
	}
	if Known(name) {
		return nil
	}
	return fmt.Errorf("%q is no system call%s", name, didYouMean(name, callNames()))
}

// parseCondition reads argN:WIDTH [& MASK] OP VALUE at the start of words.
func parseCondition(words []string) (c Condition, rest []string, err error) {
	const want = "want a condition, as arg0:32 & CLONE_NEWUSER != 0"
	fail := func(format string, args ...any) (Condition, []string, error) {
		return c, nil, fmt.Errorf(format, args...)
	}
	if len(words) == 0 {
		return fail("nothing after when or and: " + want)
	}
	arg, width, _ := strings.Cut(words[0], ":")
	n, ok := strings.CutPrefix(arg, "arg")
	if !ok || len(n) != 1 || n[0] < '0' || n[0] > '5' {
		return fail("%q is no argument, arg0 to arg5 with a width: %s", words[0], want)
	}
	if width != "32" && width != "64" {
		return fail("%q without its width: write %s:32, which looks at the low 32 bits, or %s:64", words[0], arg, arg)
	}
	c.Arg, c.Wide, words = int(n[0]-'0'), width == "64", words[1:]
	if len(words) > 0 && words[0] == "&" {
		if len(words) == 1 {
			return fail("nothing after &: %s", want)
		}
		if c.Mask, err = c.value(words[1]); err != nil {
			return c, nil, err
		}
		if c.Mask == 0 {
			return fail("a mask of 0 looks at nothing")
		}
		words = words[2:]
	}
	if len(words) < 2 {
		return fail("the condition on %s ends early: %s", arg, want)
	}
	op := slices.Index(opNames[:], words[0])
	if op < 0 {
		return fail("%q is no comparison; want one of %s", words[0], strings.Join(opNames[:], " "))
	}
	c.Op = Op(op)
	c.Value, err = c.value(words[1])
	return c, words[2:], err
}

// value reads a mask or value, in the condition's width.
func (c *Condition) value(word string) (uint64, error) {
	v, err := ParseValue(word)
	if err == nil && !c.Wide && v>>32 != 0 {
		err = fmt.Errorf("%s has more than 32 bits, of which arg%d:32 looks at the low ones", word, c.Arg)
	}
	return v, err
}
