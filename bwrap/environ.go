package bwrap

import "strings"

// setEnv is setenv(3) with overwrite: the variable keeps its place in the list.
func setEnv(env []string, name, value string) []string {
	for i, kv := range env {
		if strings.HasPrefix(kv, name+"=") {
			env[i] = name + "=" + value
			return env
		}
	}
	return append(env, name+"="+value)
}

// unsetEnv is unsetenv(3).
func unsetEnv(env []string, name string) []string {
	kept := env[:0]
	for _, kv := range env {
		if !strings.HasPrefix(kv, name+"=") {
			kept = append(kept, kv)
		}
	}
	return kept
}

// getEnv is getenv(3).
func getEnv(env []string, name string) (value string, ok bool) {
	for _, kv := range env {
		if v, found := strings.CutPrefix(kv, name+"="); found {
			return v, true
		}
	}
	return "", false
}

// validName reports whether setenv(3) takes the name of a variable.
func validName(name string) bool { return name != "" && !strings.Contains(name, "=") }
