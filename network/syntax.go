package network

// SyntaxError says why a rule cannot be read.
type SyntaxError struct {
	Spec    string // what was written
	Problem string
	Hint    string // what to write in its place, or ""
	Where   string // FILE:LINE; empty: it is no line of a file
}

func (e *SyntaxError) Error() string {
	text := e.Spec + ": " + e.Problem
	if e.Where != "" {
		text = e.Where + ": " + text
	}
	return text
}

func problem(spec, what, hint string) error {
	return &SyntaxError{Spec: spec, Problem: what, Hint: hint}
}
