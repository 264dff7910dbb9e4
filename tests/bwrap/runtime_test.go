package bwrap

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sandboxRuntime is a package of npm whose command srt calls bwrap: files by binds, the network
// by proxies behind a socket, and a program of its own that loads a filter.
const sandboxRuntime = "@anthropic-ai/sandbox-runtime@0.0.83"

// inRuntime looks at what srt makes. No server is asked for: the one host that is allowed is
// this one, and nothing listens there.
const inRuntime = `id -u; cat $HOME/secret/s; echo new >made && cat made; echo x >keep/k; echo x >$HOME/out; touch .bashrc
grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status; set -- /proc/[0-9]*; echo $#; ls -A
node -e 'require("net").createServer().on("error", e => console.log(e.code)).listen("socket")'
for url in http://localhost:9/ http://example.com/; do curl -s -m 5 $url; echo $?; done
curl -s -m 5 --noproxy '*' http://127.0.0.1:9/; echo $?
ls /sys/class/net; exit 7
`

// TestSandboxRuntime runs a command by srt, with each of the two programs first in PATH.
func TestSandboxRuntime(t *testing.T) {
	for _, name := range []string{"npm", "node", "socat", "rg", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("skip: %s is not installed", name)
		}
	}
	home := filepath.Join(folder, "home")
	settings := filepath.Join(home, "settings.json")
	for name, text := range map[string]string{"secret/s": "secret\n", "keep/k": "kept\n", "settings.json": `{"network": {"allowedDomains": ["localhost"], "deniedDomains": []},
		"filesystem": {"denyRead": ["` + home + `/secret"], "allowWrite": ["."], "denyWrite": ["./keep"]}}`} {
		if strings.HasPrefix(name, "keep") {
			name = "project/" + name
		}
		if err := writeOwn(filepath.Join(home, name), text); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := asUser(home, os.Getenv("PATH"), "npm", "install", "--prefix", home, "--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts",
		"--fetch-retries=0", sandboxRuntime); err != nil {
		if regexp.MustCompile(`ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH`).MatchString(out) {
			t.Skip("skip: no registry can be reached")
		}
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	srt := func(program string) string {
		dir, err := os.MkdirTemp(folder, "path-")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(dir, "bwrap")); err != nil {
			t.Fatal(err)
		}
		os.Remove(filepath.Join(home, "project", "made"))
		out, err := asUser(filepath.Join(home, "project"), dir+":"+os.Getenv("PATH"), filepath.Join(home, "node_modules/.bin/srt"), "--settings", settings, "-c", inRuntime)
		if code := exitCode(err); code != 7 {
			t.Errorf("with %s: code %d\n%s", program, code, out)
		}
		return out
	}
	sameOutput(t, srt(theirs), srt(ours), "new\n", "EPERM\n", "keep/k: Read-only file system", "out: Read-only file system", "secret/s: No such file", "blocked by network allowlist")
}

// writeOwn writes a file, and the folder it is in, as the user's.
func writeOwn(name, text string) error {
	var made []string
	for dir := filepath.Dir(name); len(dir) > len(folder); dir = filepath.Dir(dir) {
		made = append(made, dir)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		return err
	}
	for _, name := range append(made, name) {
		if err := chown(name); err != nil {
			return err
		}
	}
	return nil
}

// asUser runs a program as the user.
func asUser(dir, path, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + path, "HOME=" + filepath.Join(folder, "home"), "LANG=C", "SHELL=/bin/sh", "npm_config_registry=" + registry()}
	for _, name := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NODE_EXTRA_CA_CERTS", "npm_config_cafile"} {
		if v := os.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	if uid != -1 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	timer := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Run()
	return out.String(), err
}

// registry is the one that npm is set to use on this machine.
func registry() string {
	out, _ := exec.Command("npm", "config", "get", "registry").Output()
	return strings.TrimSpace(string(out))
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return -1
}
