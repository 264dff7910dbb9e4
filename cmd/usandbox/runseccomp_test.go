package main

import (
	"strings"
	"testing"

	"github.com/usandbox/usandbox/seccomp"
)

// The help names all groups.
func TestOpeningNames(t *testing.T) {
	words := strings.FieldsFunc(openingNames, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
	for _, o := range seccomp.Openings() {
		found := false
		for _, w := range words {
			found = found || w == o.Name
		}
		if !found {
			t.Errorf("the help does not name %s", o.Name)
		}
	}
}
