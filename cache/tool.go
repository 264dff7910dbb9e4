package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Folder is one cache of a tool.
type Folder struct {
	Name string // of its layer: "go-build"
	Path string // on the host and in the sandbox

	// Settings are files in it that are the tool's settings, and may hold passwords.
	Settings []string

	// Variable is the variable that names Path, or a folder above it, to the tool, as
	// K=V; "" if the tool finds it by itself.
	Variable string
}

// Tools are the names of the tools that are known.
func Tools() []string {
	return []string{"go", "cargo", "npm", "pip", "ccache", "maven", "gradle"}
}

// Of finds the caches of a tool as its documentation has it: the variables of the
// environment first, then the usual folder in the home folder. Files with settings
// are not read. Only what is a cache is among them, never the folder of a tool where
// its settings and credentials are. An error names the variable that is no path.
func Of(tool string) ([]Folder, error) {
	e := &environment{}
	var list []Folder
	add := func(name, path, variable string) {
		list = append(list, Folder{Name: name, Path: path, Variable: variable})
	}
	switch tool {
	case "go": // go help environment; os.UserCacheDir
		add(e.userCache("go-build", "GOCACHE", "go-build"))
		if dir, kv := e.variable("GOMODCACHE"); dir != "" {
			add("go-mod", dir, kv)
			break
		}
		dir, kv := e.home("GOPATH", "go")
		add("go-mod", filepath.Join(dir, "pkg", "mod"), kv)
	case "cargo": // https://doc.rust-lang.org/cargo/guide/cargo-home.html
		dir, kv := e.home("CARGO_HOME", ".cargo")
		add("cargo-registry", filepath.Join(dir, "registry"), kv)
		add("cargo-git", filepath.Join(dir, "git"), kv)
	case "npm": // npm-cache(1)
		dir, kv := e.home("npm_config_cache", ".npm")
		if kv == "" {
			dir, kv = e.home("NPM_CONFIG_CACHE", ".npm")
		}
		add("npm", filepath.Join(dir, "_cacache"), kv)
	case "pip": // https://pip.pypa.io/en/stable/topics/caching/
		add(e.userCache("pip", "PIP_CACHE_DIR", "pip"))
	case "ccache": // ccache(1): the old folder, if it is there, comes before that of XDG
		name, dir, kv := e.userCache("ccache", "CCACHE_DIR", "ccache")
		if os.Getenv("CCACHE_DIR") == "" {
			if old, _ := e.home("", ".ccache"); isFolder(old) {
				dir, kv = old, ""
			}
		}
		list = append(list, Folder{Name: name, Path: dir, Variable: kv, Settings: []string{"ccache.conf"}})
	case "maven": // https://maven.apache.org/settings.html; not ~/.m2/settings.xml
		dir, _ := e.home("", ".m2")
		add("maven", filepath.Join(dir, "repository"), "")
	case "gradle": // https://docs.gradle.org/current/userguide/directory_layout.html
		dir, kv := e.home("GRADLE_USER_HOME", ".gradle")
		add("gradle-caches", filepath.Join(dir, "caches"), kv)
		add("gradle-wrapper", filepath.Join(dir, "wrapper"), kv)
	default:
		return nil, fmt.Errorf("unknown tool %q (known: %s)", tool, strings.Join(Tools(), ", "))
	}
	if e.err != nil {
		return nil, fmt.Errorf("%s: %w", tool, e.err)
	}
	for i := range list {
		list[i].Path = filepath.Clean(list[i].Path)
	}
	return list, nil
}

// environment finds folders by variables, and keeps the first error.
type environment struct{ err error }

// variable is the folder that a variable names, of several the first, and the
// variable as K=V; "" if it is not set.
func (e *environment) variable(name string) (dir, kv string) {
	value := os.Getenv(name)
	if name == "" || value == "" {
		return "", ""
	}
	dir = filepath.SplitList(value)[0]
	if !filepath.IsAbs(dir) && e.err == nil {
		e.err = fmt.Errorf("%s=%s names no absolute path", name, value)
	}
	return dir, name + "=" + value
}

// home is the folder that a variable names, or one in the home folder.
func (e *environment) home(name, usual string) (dir, kv string) {
	if dir, kv = e.variable(name); dir != "" {
		return dir, kv
	}
	home := os.Getenv("HOME")
	if !filepath.IsAbs(home) && e.err == nil {
		e.err = fmt.Errorf("HOME is not set, so the cache cannot be found")
	}
	return filepath.Join(home, usual), ""
}

// userCache is the folder that a variable names, or one in the caches of the user. The
// latter is told the tool by the variable: XDG_CACHE_HOME itself is not passed on, as
// the sandbox may have nothing there.
func (e *environment) userCache(layer, name, usual string) (_, dir, kv string) {
	if dir, kv = e.variable(name); dir != "" {
		return layer, dir, kv
	}
	if dir, _ = e.variable("XDG_CACHE_HOME"); dir != "" {
		dir = filepath.Join(dir, usual)
		return layer, dir, name + "=" + dir
	}
	dir, _ = e.home("", filepath.Join(".cache", usual))
	return layer, dir, ""
}

// isFolder reports whether there is a folder.
func isFolder(name string) bool {
	var st unix.Stat_t
	return unix.Stat(name, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR
}

// Parse reads a list of tools, with commas.
func Parse(list string) ([]string, error) {
	var tools []string
	for _, tool := range strings.Split(list, ",") {
		if !slices.Contains(Tools(), tool) {
			return nil, fmt.Errorf("unknown tool %q (known: %s)", tool, strings.Join(Tools(), ", "))
		}
		if !slices.Contains(tools, tool) {
			tools = append(tools, tool)
		}
	}
	return tools, nil
}
