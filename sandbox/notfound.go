package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/usandbox/usandbox/mounts"
)

// HintNotFound says how a command that is not in the sandbox, but outside, can be
// had there; "" if it is nowhere.
func (c *Cmd) HintNotFound() string {
	name := c.Args[0]
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	if path, err = filepath.Abs(path); err != nil {
		return ""
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	if c.shows(path) || c.shows(real) {
		if !strings.Contains(name, "/") {
			return path + " exists, but PATH in the sandbox does not lead to it"
		}
		return path + " exists; what its first line (#!) or its dynamic loader names is missing in the sandbox"
	}
	return "it exists outside; show it with --ro " + toolFolder(path)
}

// HintDenied says what a command that is not executable may need.
func (c *Cmd) HintDenied() string {
	if path := c.outside(); path != "" {
		return "without namespaces it may be used with --ro " + toolFolder(path)
	}
	path, err := filepath.Abs(c.Args[0])
	if err != nil || !strings.Contains(c.Args[0], "/") {
		return ""
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 == 0 {
		return "chmod +x " + path
	}
	if at := c.noExec(path); at != "" {
		return at + " is mounted noexec"
	}
	return ""
}

// outside is where the command's program is, if that is no place that a sandbox without
// namespaces may use.
func (c *Cmd) outside() string {
	n := c.Policy.NoNamespaces
	if n == nil {
		return ""
	}
	path, err := exec.LookPath(c.Args[0])
	if err != nil {
		return ""
	}
	if path, err = filepath.Abs(path); err != nil {
		return ""
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	for _, f := range n.Files {
		if place, err := filepath.EvalSymlinks(f.Path); err == nil && (real == place || strings.HasPrefix(real, strings.TrimSuffix(place, "/")+"/")) {
			return ""
		}
	}
	return real
}

// shows reports whether the last entry over a path is a bind of the same path.
func (c *Cmd) shows(path string) bool {
	shown := false
	for _, e := range c.Policy.Files {
		where := e.Where()
		if path != where && !strings.HasPrefix(path, where+"/") {
			continue
		}
		switch e := e.(type) {
		case mounts.Bind:
			shown = e.Source == e.Target
		case mounts.Overlay:
			shown = len(e.Lower) > 0 && e.Lower[0] == e.Target
		default:
			shown = false
		}
	}
	return shown
}

// noExec is the entry over a path, if nothing in it can be executed.
func (c *Cmd) noExec(path string) (at string) {
	for _, e := range c.Policy.Files {
		if where := e.Where(); path == where || strings.HasPrefix(path, where+"/") {
			at = ""
			switch e := e.(type) {
			case mounts.Bind:
				if e.NoExec {
					at = where
				}
			case mounts.Tmpfs:
				if e.NoExec {
					at = where
				}
			case mounts.Dev, mounts.Proc:
				at = where
			}
		}
	}
	return at
}

// toolFolder is what has to be shown so that a program works: for one in the home
// folder, the folder of its tool chain (~/.cargo, ~/.nvm, ~/go), else its own.
func toolFolder(path string) string {
	if home := homeDir(); home != "" {
		if rest, ok := strings.CutPrefix(path, home+"/"); ok {
			first, _, _ := strings.Cut(rest, "/")
			return filepath.Join(home, first)
		}
	}
	return filepath.Dir(path)
}
