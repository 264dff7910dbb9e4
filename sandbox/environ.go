package sandbox

import (
	"slices"
	"strings"
)

// passed are the variables that a sandboxed command gets of the caller's
// environment unless told otherwise: none that holds a secret or names a socket.
var passed = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "TZ", "NO_COLOR"}

// DefaultEnv are the variables in environ ("KEY=value") that a command gets if
// [Cmd.Env] is nil: PATH, HOME, USER, LOGNAME, SHELL, TERM, COLORTERM, LANG, LC_*,
// TZ and NO_COLOR.
func DefaultEnv(environ []string) []string {
	env := []string{}
	for _, kv := range environ {
		key, _, ok := strings.Cut(kv, "=")
		if ok && (slices.Contains(passed, key) || strings.HasPrefix(key, "LC_")) {
			env = append(env, kv)
		}
	}
	return env
}

// withVariables is an environment in which these variables ("KEY=value") take the place of
// others of the same name.
func withVariables(environ, variables []string) []string {
	for _, kv := range variables {
		key, _, _ := strings.Cut(kv, "=")
		environ = slices.DeleteFunc(environ, func(old string) bool { return strings.HasPrefix(old, key+"=") })
		environ = append(environ, kv)
	}
	return environ
}

// PassedNames are the names of the variables that DefaultEnv passes on, as
// [Cmd.Standalone] takes them.
func PassedNames() []string { return append(slices.Clone(passed), "LC_*") }
