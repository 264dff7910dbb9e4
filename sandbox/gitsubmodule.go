package sandbox

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxConfig bounds the settings of a submodule that are read.
const maxConfig = 1 << 20

// asSubmodule checks that the folder lies in the modules folder of a repository,
// and that its core.worktree is the project, gitsubmodules(7).
func (o *opened) asSubmodule(project *opened, owner uint32) (*GitFolder, error) {
	if err := o.checkRepository(owner); err != nil {
		return nil, err
	}
	if !inModules(o.path, owner) {
		return nil, errors.New("it lies in no repository's worktrees or modules folder")
	}
	value := ""
	for _, file := range []string{"config", "config.worktree"} { // git puts it in the second with extensions.worktreeConfig
		if value != "" || file != "config" && !o.has(file, unix.S_IFREG) {
			continue
		}
		text, err := o.read(file, maxConfig, owner)
		if err != nil {
			return nil, err
		}
		if value, err = coreWorktree(text); err != nil {
			return nil, err
		}
	}
	name, err := absolutePath(o.path, value)
	if value == "" || err != nil || !project.isAt(name) {
		return nil, errors.New("it does not link back: its core.worktree is not this folder")
	}
	return &GitFolder{Path: o.path, ID: o.id, Own: o.path, OwnID: o.id}, nil
}

// inModules reports whether a path lies in the modules folder of a repository, or of
// a work tree's folder in one.
func inModules(name string, owner uint32) bool {
	for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
		if path.Base(dir) != "modules" {
			continue
		}
		parent, err := openFolder(path.Dir(dir))
		if err != nil {
			return false
		}
		ok := parent.checkRepository(owner) == nil ||
			parent.owner == owner && parent.has("HEAD", unix.S_IFREG) && parent.has("commondir", unix.S_IFREG)
		parent.close()
		if ok {
			return true
		}
	}
	return false
}

// coreWorktree is the value of core.worktree in a file of git's settings,
// git-config(1); "" if it has none.
func coreWorktree(text string) (value string, err error) {
	section, continued := "", false
	for line := range strings.Lines(text) {
		line = strings.Trim(line, " \t\r\n")
		skip := continued
		continued = strings.HasSuffix(line, `\`) && !strings.HasSuffix(line, `\\`)
		if skip {
			continue
		}
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continued = false
			continue
		}
		if rest, ok := strings.CutPrefix(line, "["); ok {
			name, after, ok := strings.Cut(rest, "]")
			if !ok {
				return "", errors.New("its config is not understood")
			}
			section, line = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(after)
		}
		key, v, _ := strings.Cut(line, "=")
		if section != "core" || strings.ToLower(strings.TrimSpace(key)) != "worktree" {
			continue
		}
		if value, err = configValue(strings.TrimSpace(v)); err != nil || continued {
			return "", fmt.Errorf("the core.worktree in its config is not understood")
		}
	}
	return value, nil
}

// configValue is a value without its quotes, escapes and comment.
func configValue(text string) (string, error) {
	var b strings.Builder
	quoted, end := false, 0 // end: without the blanks behind
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			quoted = !quoted
			end = b.Len()
			continue
		case c == '\\':
			i++
			if i == len(text) {
				return "", errors.New("an escape without a character")
			}
			j := strings.IndexByte(`ntb\"`, text[i])
			if j < 0 {
				return "", errors.New("an unknown escape")
			}
			c = "\n\t\b\\\""[j]
		case !quoted && (c == '#' || c == ';'):
			return b.String()[:end], nil
		case !quoted && (c == ' ' || c == '\t'):
			b.WriteByte(c)
			continue
		}
		b.WriteByte(c)
		end = b.Len()
	}
	if quoted {
		return "", errors.New("a quote that does not end")
	}
	return b.String()[:end], nil
}
