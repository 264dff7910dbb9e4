package network

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What a list of rules may be at most, with all that it includes.
const (
	MaxListSize  = 4 << 20 // bytes of all files
	MaxListRules = 50_000
	MaxListFiles = 64
	MaxListDepth = 8 // of a file that includes a file ...
)

// list reads a file of rules: one a line, in the form that the flag takes. A # at the
// beginning of a line or behind a space begins a comment, and "@FILE" or "include FILE"
// stands for the rules of another file, named from the folder of this one.
type list struct {
	deny  bool
	rules []Rule
	size  int64
	files int
	open  func(name string) (io.ReadCloser, error)
}

func readList(spec string, deny bool) ([]Rule, error) {
	l := &list{deny: deny, rules: []Rule{}, open: openRegular}
	if spec == "@" {
		return nil, problem(spec, "the name of the list is missing", "@FILE")
	}
	if err := l.read(spec[1:], "", 1); err != nil {
		return nil, err
	}
	return l.rules, nil
}

// read reads one file. where is the line that names it, or "".
func (l *list) read(name, where string, depth int) error {
	l.files++
	switch {
	case depth > MaxListDepth:
		return &SyntaxError{Spec: name, Problem: fmt.Sprintf("more than %d files that include each other; perhaps one includes itself", MaxListDepth), Where: where}
	case l.files > MaxListFiles:
		return &SyntaxError{Spec: name, Problem: fmt.Sprintf("more than %d files are included", MaxListFiles), Where: where}
	}
	f, err := l.open(name)
	if err != nil {
		if where != "" {
			return fmt.Errorf("%s: %w", where, err)
		}
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(io.LimitReader(f, MaxListSize-l.size+1))
	s.Buffer(make([]byte, 0, 4096), maxSpec+1)
	s.Split(l.lines)
	for n := 1; s.Scan(); n++ {
		where := name + ":" + strconv.Itoa(n)
		if l.size > MaxListSize {
			return &SyntaxError{Spec: "list", Problem: fmt.Sprintf("longer than %d bytes, with what it includes", MaxListSize), Where: where}
		}
		if err := l.line(name, s.Text(), where, depth); err != nil {
			return err
		}
	}
	if s.Err() == bufio.ErrTooLong {
		return fmt.Errorf("%s: a line is longer than %d bytes", name, maxSpec)
	}
	if s.Err() != nil {
		return fmt.Errorf("read %s: %w", name, s.Err())
	}
	return nil
}

// lines is bufio.ScanLines, which counts.
func (l *list) lines(data []byte, end bool) (int, []byte, error) {
	n, line, err := bufio.ScanLines(data, end)
	l.size += int64(n)
	return n, line, err
}

func (l *list) line(file, text, where string, depth int) error {
	text = strings.TrimSpace(withoutComment(text))
	included, isInclude := strings.CutPrefix(text, "@")
	if after, ok := strings.CutPrefix(text, "include"); ok && strings.TrimLeft(after, " \t") != after {
		included, isInclude = strings.TrimSpace(after), true
	}
	switch {
	case text == "":
		return nil
	case isInclude && included == "":
		return &SyntaxError{Spec: text, Problem: "the name of the file is missing", Where: where}
	case isInclude:
		if !filepath.IsAbs(included) {
			included = filepath.Join(filepath.Dir(file), included)
		}
		return l.read(included, where, depth+1)
	case strings.ContainsAny(text, " \t"):
		return &SyntaxError{Spec: text, Problem: "more than one word", Hint: "one rule a line; a comment begins with #", Where: where}
	case len(l.rules) >= MaxListRules:
		return &SyntaxError{Spec: text, Problem: fmt.Sprintf("more than %d rules", MaxListRules), Where: where}
	}
	r, err := parseRule(text, l.deny)
	if err != nil {
		if e, ok := err.(*SyntaxError); ok {
			e.Where = where
		}
		return err
	}
	r.Origin = where
	l.rules = append(l.rules, r)
	return nil
}

// withoutComment is a line up to a # that begins it or follows a space.
func withoutComment(line string) string {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

// openRegular opens a regular file, and waits for nobody: a pipe with no writer would
// hold the sandbox up for ever.
func openRegular(name string) (io.ReadCloser, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
