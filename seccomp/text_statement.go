package seccomp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// textParser takes the statements of a text one by one.
type textParser struct {
	policy Policy
	seen   struct{ def, unknown, foreign, arch bool }
}

func (p *textParser) statement(words []string, origin string) error {
	if len(words) == 0 {
		return nil
	}
	switch words[0] {
	case "default":
		return settle(&p.policy.Default, &p.seen.def, words)
	case "unknown":
		return settle(&p.policy.Unknown, &p.seen.unknown, words)
	case "foreign":
		return settle(&p.policy.Foreign, &p.seen.foreign, words)
	case "arch":
		return p.arches(words)
	}
	rule, err := parseRule(words)
	if err != nil {
		return err
	}
	rule.Origin = origin
	p.policy.Rules = append(p.policy.Rules, rule)
	return nil
}

// settle reads a statement that is an action, and may be there once.
func settle(to *Action, seen *bool, words []string) error {
	if *seen {
		return fmt.Errorf("%s is there twice", words[0])
	}
	*seen = true
	action, rest, err := parseAction(words[1:])
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q after %s: one action is wanted", rest[0], words[0])
	}
	*to = action
	return nil
}

func (p *textParser) arches(words []string) error {
	if p.seen.arch {
		return errors.New("arch is there twice")
	}
	p.seen.arch = true
	if len(words) == 1 {
		return errors.New("arch without an architecture; name some of " + strings.Join(archNames[:], ", "))
	}
	for _, word := range words[1:] {
		arch, err := ParseArch(word)
		if err != nil {
			return err
		}
		if slices.Contains(p.policy.Arches, arch) {
			return fmt.Errorf("%s is there twice", word)
		}
		p.policy.Arches = append(p.policy.Arches, arch)
	}
	return nil
}
