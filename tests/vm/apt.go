package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// apt asks Debian's archive for packages of suites that this machine need not use
// itself: it has its own lists, below dir, and the machine's keys and mirror.
type apt struct{ dir string }

// repositories are the addresses of this machine's own mirror: of the archive and of
// its security updates.
func repositories() (main, security string, err error) {
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(CODENAME)", "Created-By: Packages").Output()
	if err != nil {
		return "", "", fmt.Errorf("ask apt for its repositories: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		switch f := strings.Fields(line); {
		case len(f) != 3 || f[0] != "Debian":
		case strings.HasSuffix(f[2], "-security"):
			security = f[1]
		default:
			main = f[1]
		}
	}
	if main == "" || security == "" {
		return "", "", fmt.Errorf("apt of this machine has no repositories of Debian and its security updates")
	}
	return main, security, nil
}

// fresh is how long lists of packages are good.
const fresh = 24 * time.Hour

// newAPT prepares lists of the suites.
func newAPT(dir string, suites ...string) (*apt, error) {
	main, security, err := repositories()
	if err != nil {
		return nil, err
	}
	a := &apt{dir}
	for _, sub := range []string{"etc/apt.conf.d", "etc/preferences.d", "lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	keys, _ := filepath.Glob("/usr/share/keyrings/debian-archive-keyring.[gp]*")
	if len(keys) == 0 {
		return nil, fmt.Errorf("the keys of Debian's archive are not in /usr/share/keyrings (package debian-archive-keyring)")
	}
	var list strings.Builder
	for _, suite := range suites {
		from := main
		if strings.HasSuffix(suite, "-security") {
			from = security
		}
		fmt.Fprintf(&list, "deb [signed-by=%s] %s %s main\n", keys[0], from, suite)
	}
	if err := os.WriteFile(filepath.Join(dir, "etc/sources.list"), []byte(list.String()), 0o644); err != nil {
		return nil, err
	}
	stamp := filepath.Join(dir, "updated")
	old, _ := os.ReadFile(stamp)
	if info, err := os.Stat(stamp); err == nil && time.Since(info.ModTime()) < fresh && string(old) == list.String() {
		return a, nil
	}
	if _, err = a.run("apt-get", "-q", "update"); err != nil {
		return nil, err
	}
	return a, os.WriteFile(stamp, []byte(list.String()), 0o644)
}

func (a *apt) run(name string, args ...string) (string, error) {
	cmd := exec.Command(name, append([]string{
		"-o", "Dir::Etc=" + filepath.Join(a.dir, "etc"), "-o", "Dir::State::Lists=" + filepath.Join(a.dir, "lists"),
		"-o", "Dir::Cache=" + filepath.Join(a.dir, "cache"), "-o", "Dir::State::status=/dev/null",
		"-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none", "-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"-o", "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false",
	}, args...)...)
	cmd.Dir = a.dir
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &errs)
	}
	return string(out), nil
}

// depends are the packages whose names begin with one of the prefixes that a package
// of a suite depends on.
func (a *apt) depends(pkg, suite string, prefixes ...string) (list []string, err error) {
	out, err := a.run("apt-cache", "show", "--no-all-versions", pkg+"/"+suite)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		names, ok := strings.CutPrefix(line, "Depends: ")
		if !ok {
			continue
		}
		for name := range strings.SplitSeq(names, ",") {
			name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
			for _, p := range prefixes {
				if strings.HasPrefix(name, p) {
					list = append(list, name)
				}
			}
		}
	}
	return list, nil
}
