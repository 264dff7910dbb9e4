package sandbox

// Candidates are the paths that a command's name may mean: itself, if it has a slash,
// else one in each absolute folder of PATH in env ("KEY=value"), or of a usual PATH if
// env has none. They are not looked for: they may lie in another file tree.
func Candidates(name string, env []string) []string { return candidates(name, env) }
