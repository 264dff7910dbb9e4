package tests

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usandbox/usandbox/internal/testhost"
)

// TestRegistries downloads real modules and a real package in a sandbox that may reach
// only the hosts that the machine's own settings name, as an ordinary user, and finds
// that it cannot do so where another host alone is allowed.
func TestRegistries(t *testing.T) {
	readSources()
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	if uid == 0 {
		uid, gid = testhost.User()
	}
	for _, r := range []registry{
		{"go", []string{"go", "env", "GOPROXY"}, []string{"go", "mod", "download", "github.com/spf13/pflag@v1.0.10", "golang.org/x/sys@v0.49.0"}, "mod/github.com/spf13/pflag@v1.0.10/flag.go"},
		{"npm", []string{"npm", "config", "get", "registry"}, []string{"npm", "install", "--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--fetch-retries=0", "is-number@7.0.0"}, "node_modules/is-number/index.js"},
	} {
		t.Run(r.name, func(t *testing.T) { r.test(t, uid, gid) })
	}
}

// registry is what a program downloads from.
type registry struct {
	name    string
	setting []string // prints its URL, or several with commas or | between
	get     []string // what is run in the sandbox
	made    string   // a file that it makes in the project
}

func (r registry) test(t *testing.T, uid, gid uint32) {
	program, err := exec.LookPath(r.setting[0])
	if err != nil {
		t.Skipf("skip: %s is not installed", r.setting[0])
	}
	hosts, err := r.hosts()
	if err != nil {
		t.Skip("skip: " + err.Error())
	}
	for _, allowed := range []bool{true, false} {
		home, err := os.MkdirTemp(folder, "registry-")
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(home, "project")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"go.mod": "module tests.example\n\ngo 1.21\n", "package.json": "{\"name\": \"tests\", \"version\": \"1.0.0\"}\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"..", ".", "go.mod", "package.json"} {
			if err := os.Chown(filepath.Join(dir, name), int(uid), int(gid)); err != nil {
				t.Fatal(err)
			}
		}
		rules := hosts
		if !allowed {
			rules = []string{"--allow", "other.example"}
		}
		args := append([]string{"run"}, rules...)
		for _, name := range settings {
			if v := os.Getenv(name); v != "" {
				args = append(args, "--env", name+"="+v)
			}
		}
		for _, name := range []string{"GOPROXY", "GONOSUMDB", "GOSUMDB", "GOFLAGS", "GOPRIVATE", "GOINSECURE"} {
			if v := goSetting(name); v != "" {
				args = append(args, "--env", name+"="+v)
			}
		}
		args = append(args, "--env", "GOMODCACHE="+dir+"/mod", "--env", "GOTOOLCHAIN=local", "--env", "PATH="+filepath.Dir(program)+":/usr/bin:/bin")
		if text := npmSetting("registry"); text != "" {
			args = append(args, "--env", "npm_config_registry="+text)
		}
		cmd := exec.CommandContext(t.Context(), filepath.Join(folder, "bin", "usandbox"), append(append(args, "--"), r.get...)...)
		cmd.Dir = dir
		cmd.Env = []string{"HOME=" + home, "USER=tests", "PATH=/usr/bin:/bin"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: uid, Gid: gid, NoSetGroups: os.Getuid() != 0}}
		begun := time.Now()
		out, err := cmd.CombinedOutput()
		_, missing := os.Stat(filepath.Join(dir, r.made))
		switch {
		case allowed && (err != nil || missing != nil):
			t.Errorf("with its host allowed: %v, %v\n%s", err, missing, out)
		case !allowed && (err == nil || missing == nil):
			t.Errorf("with another host allowed it worked\n%s", out)
		case !allowed && time.Since(begun) > 20*time.Second:
			t.Errorf("it failed after %v, and not at once\n%s", time.Since(begun), out)
		}
		exec.Command("chmod", "-R", "u+w", dir).Run()
	}
}

// settings are variables that say where programs connect and whom they trust.
var settings = []string{
	"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "npm_config_cafile",
}

// hosts are the rules for the hosts that the machine's settings name. It is an error if
// none can be connected to.
func (r registry) hosts() (rules []string, err error) {
	out, err := exec.Command(r.setting[0], r.setting[1:]...).Output()
	if err != nil {
		return nil, fmt.Errorf("no registry is known: %w", err)
	}
	list := strings.FieldsFunc(string(bytes.TrimSpace(out)), func(c rune) bool { return c == ',' || c == '|' })
	if sum, _, _ := strings.Cut(goSetting("GOSUMDB"), " "); r.name == "go" && sum != "" && sum != "off" {
		list = append(list, "https://"+sum)
	}
	for _, name := range settings[:6] {
		list = append(list, os.Getenv(name))
	}
	reached := false
	for _, text := range list {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Hostname() == "" {
			continue
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		host := u.Hostname()
		c, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 5*time.Second)
		if err == nil {
			reached = true
			// The machine's administrator may have put it on the local network.
			if a, ok := c.RemoteAddr().(*net.TCPAddr); ok && net.ParseIP(host) == nil && (a.IP.IsPrivate() || a.IP.IsLoopback()) {
				rules = append(rules, "--hosts", host+"="+a.IP.String())
			}
			c.Close()
		}
		if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
			host = "[" + host + "]"
		}
		if rule := host + ":" + port; !slices.Contains(rules, rule) {
			rules = append(rules, "--allow", rule)
		}
	}
	if !reached {
		return nil, fmt.Errorf("no registry can be reached")
	}
	return rules, nil
}

func goSetting(name string) string {
	out, _ := exec.Command("go", "env", name).Output()
	return strings.TrimSpace(string(out))
}

func npmSetting(name string) string {
	out, _ := exec.Command("npm", "config", "get", name).Output()
	return strings.TrimSpace(string(out))
}
