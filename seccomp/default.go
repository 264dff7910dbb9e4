package seccomp

// Default is the policy of a sandbox that was told nothing.
func Default(open ...string) (Policy, error) { return Policy{}, nil }
