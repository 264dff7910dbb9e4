package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/network"
)

// Standalone compiles the sandbox to a program of its own, a static executable
// of a few kilobytes, and returns its contents. It can be run by the calling user
// without this package; its own arguments are appended to the command's. Of the
// variables in [Cmd.Env] it carries those that are set there by "K=value"; Env
// nil means the ones of [DefaultEnv], and an entry "K", "LC_*" or "*" the ones of
// that name, all from the environment it is run in; an entry "-K" removes K from them.
//
// It cannot have what needs a process outside to watch it: id maps of ranges, a
// command that is PID 1, standard streams and files that are not the ones it is started with.
func (c *Cmd) Standalone() ([]byte, error) {
	if len(c.Args) == 0 || c.Args[0] == "" {
		return nil, errors.New("no command")
	}
	switch {
	case len(c.Policy.UIDMap) > 0:
		return nil, &PolicyError{"UIDMap", needsSupervisor("a map of id ranges is installed by newuidmap, which a supervisor runs")}
	case len(c.Policy.GIDMap) > 0:
		return nil, &PolicyError{"GIDMap", needsSupervisor("a map of id ranges is installed by newgidmap, which a supervisor runs")}
	}
	if err := c.Policy.limitsNeedSupervisor(); err != nil {
		return nil, err
	}
	if c.Policy.CommandIsInit {
		return nil, &PolicyError{"CommandIsInit", needsSupervisor("a command that is PID 1 could outlive the program that started it")}
	}
	if c.Terminal != nil {
		return nil, &PolicyError{"Terminal", needsSupervisor("nobody would relay the terminal")}
	}
	if c.Changes != nil {
		return nil, &PolicyError{"Changes", errors.New("a compiled program cannot keep changes aside: each of its runs would need folders of its own")}
	}
	if c.Caches != nil {
		return nil, &PolicyError{"Caches", errors.New("a compiled program cannot have caches: nobody would keep its runs from using the same layers at once")}
	}
	if c.ReportRefused {
		return nil, &PolicyError{"Seccomp", needsSupervisor("refused system calls are told to a supervisor")}
	}
	if c.Policy.Network.Mode != network.None || c.Policy.Network.Relayed() {
		return nil, &PolicyError{"Network", needsSupervisor("nobody would relay its connections")}
	}
	p := launch.NewStandalone(3 + len(c.ExtraFiles))
	env, rules := environmentRules(c.Env)
	p.Process("outer")
	argv, envp := p.OwnArgs(c.Args, env, rules)
	uid := uint32(os.Getuid())
	policy := c.Policy
	policy.Files = withoutConsole(policy.Files)
	run := execution{name: c.Args[0], paths: resolved(c.Args[0], env), dir: c.dir(), argv: argv, env: envp, forUser: &uid}
	for i, f := range c.ExtraFiles {
		if f == nil {
			run.closed = append(run.closed, 3+i)
		}
	}
	if err := compile(p, &policy, run); err != nil {
		return nil, err
	}
	image, err := p.Image()
	if err != nil {
		return nil, err
	}
	return image.Bytes(), nil
}

func needsSupervisor(why string) error {
	return fmt.Errorf("a compiled sandbox cannot have this: %s", why)
}

// resolved are the paths that a command's name means in a standalone image: its
// PATH is that of set, if it has one, else the place where the command is found
// now, and the usual folders. The caller's PATH itself is not in the image.
func resolved(name string, set []string) []string {
	for _, kv := range set {
		if strings.HasPrefix(kv, "PATH=") {
			return candidates(name, set)
		}
	}
	paths := candidates(name, nil)
	if path, err := exec.LookPath(name); err == nil && filepath.IsAbs(path) && !slices.Contains(paths, path) {
		paths = append([]string{path}, paths...)
	}
	return paths
}

// withoutConsole are the entries without the terminal of the process that
// compiles them.
func withoutConsole(files []mounts.Entry) []mounts.Entry {
	files = slices.Clone(files)
	for i, e := range files {
		if dev, ok := e.(mounts.Dev); ok {
			dev.Console = ""
			files[i] = dev
		}
	}
	return files
}

// environmentRules splits an environment into what is set, and the rules for the
// rest: first what is set or removed is dropped, then the others are kept.
func environmentRules(env []string) (set []string, rules []launch.EnvRule) {
	if env == nil {
		env = PassedNames()
	}
	var keep []launch.EnvRule
	for _, kv := range env {
		switch key, _, ok := strings.Cut(kv, "="); {
		case ok:
			set = append(set, kv)
			rules = append(rules, launch.EnvRule{Prefix: key + "="})
		case strings.HasPrefix(kv, "-"):
			rules = append(rules, launch.EnvRule{Prefix: kv[1:] + "="})
		case strings.HasSuffix(kv, "*"):
			keep = append(keep, launch.EnvRule{Prefix: kv[:len(kv)-1], Keep: true})
		default:
			keep = append(keep, launch.EnvRule{Prefix: kv + "=", Keep: true})
		}
	}
	return set, append(rules, keep...)
}
