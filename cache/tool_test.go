package cache

// Where each tool has its caches, and that nothing but caches is among them.

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clear unsets every variable that decides, and sets HOME.
func clear(t *testing.T, home string) {
	t.Helper()
	for _, name := range []string{"XDG_CACHE_HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "CARGO_HOME", "npm_config_cache", "NPM_CONFIG_CACHE", "PIP_CACHE_DIR", "CCACHE_DIR", "GRADLE_USER_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", home)
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		tool, env string
		want      string // the paths
		variables string
	}{
		{"go", "", "/h/.cache/go-build /h/go/pkg/mod", ""},
		{"go", "GOCACHE=/c GOMODCACHE=/m GOPATH=/p", "/c /m", "GOCACHE=/c GOMODCACHE=/m"},
		{"go", "GOPATH=/p:/q", "/h/.cache/go-build /p/pkg/mod", "GOPATH=/p:/q"},
		{"go", "XDG_CACHE_HOME=/x", "/x/go-build /h/go/pkg/mod", "GOCACHE=/x/go-build"},
		{"cargo", "", "/h/.cargo/registry /h/.cargo/git", ""},
		{"cargo", "CARGO_HOME=/c/", "/c/registry /c/git", "CARGO_HOME=/c/ CARGO_HOME=/c/"},
		{"npm", "XDG_CACHE_HOME=/x", "/h/.npm/_cacache", ""},
		{"npm", "npm_config_cache=/n", "/n/_cacache", "npm_config_cache=/n"},
		{"npm", "NPM_CONFIG_CACHE=/n", "/n/_cacache", "NPM_CONFIG_CACHE=/n"},
		{"pip", "", "/h/.cache/pip", ""},
		{"pip", "XDG_CACHE_HOME=/x", "/x/pip", "PIP_CACHE_DIR=/x/pip"},
		{"pip", "PIP_CACHE_DIR=/p XDG_CACHE_HOME=/x", "/p", "PIP_CACHE_DIR=/p"},
		{"ccache", "", "/h/.cache/ccache", ""},
		{"ccache", "CCACHE_DIR=/c", "/c", "CCACHE_DIR=/c"},
		{"maven", "", "/h/.m2/repository", ""},
		{"gradle", "", "/h/.gradle/caches /h/.gradle/wrapper", ""},
		{"gradle", "GRADLE_USER_HOME=/g", "/g/caches /g/wrapper", "GRADLE_USER_HOME=/g GRADLE_USER_HOME=/g"},
	} {
		clear(t, "/h")
		for _, kv := range strings.Fields(c.env) {
			k, v, _ := strings.Cut(kv, "=")
			t.Setenv(k, v)
		}
		list, err := Of(c.tool)
		var paths, variables []string
		for _, f := range list {
			paths = append(paths, f.Path)
			if f.Variable != "" {
				variables = append(variables, f.Variable)
			}
		}
		if err != nil || strings.Join(paths, " ") != c.want || strings.Join(variables, " ") != c.variables {
			t.Errorf("%s with %s: %q, %q, %v", c.tool, c.env, paths, variables, err)
		}
	}
}

// ccache's old folder comes first if it is there.
func TestOfOldCcache(t *testing.T) {
	home := t.TempDir()
	clear(t, home)
	t.Setenv("XDG_CACHE_HOME", "/x")
	if err := os.Mkdir(filepath.Join(home, ".ccache"), 0o700); err != nil {
		t.Fatal(err)
	}
	list, err := Of("ccache")
	if err != nil || len(list) != 1 || list[0].Path != home+"/.ccache" || list[0].Variable != "" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestOfErrors(t *testing.T) {
	for env, tool := range map[string]string{"GOCACHE=off": "go", "GOPATH=:/x": "go", "PIP_CACHE_DIR=p": "pip", "HOME=": "maven", "HOME=x": "cargo"} {
		clear(t, "/h")
		k, v, _ := strings.Cut(env, "=")
		t.Setenv(k, v)
		if list, err := Of(tool); err == nil {
			t.Errorf("%s: %+v", env, list)
		}
	}
	if _, err := Of("rust"); err == nil {
		t.Error("an unknown tool")
	}
}

func TestParse(t *testing.T) {
	if got, err := Parse("go,pip,go"); err != nil || !slices.Equal(got, []string{"go", "pip"}) {
		t.Error(got, err)
	}
	for _, bad := range []string{"", "go,", "go pip", "GO"} {
		if got, err := Parse(bad); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
	for _, tool := range Tools() {
		clear(t, "/h")
		if _, err := Of(tool); err != nil {
			t.Error(err)
		}
	}
}
