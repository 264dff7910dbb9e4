package escape

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/sandbox"
)

var environment = []attack{
	{
		name:    "environment",
		tries:   "find a secret variable of the caller in any process's environment, arguments or auxiliary vector",
		defence: "an allow-list; PID 1 has no environment and is not dumpable",
		inside:  searchEnvironment,
		outside: func(s *scene) {
			s.Setenv("SECRET_TOKEN", s.token)
			s.Setenv("LD_PRELOAD", "/"+s.token)
			s.Setenv("GOTRACEBACK", s.token)
			s.Setenv("AWS_SECRET_ACCESS_KEY", s.token)
			s.launch()
		},
	}, {
		name:    "hostile environment",
		tries:   "change the set-up by LD_PRELOAD, LD_LIBRARY_PATH, GODEBUG, IFS, BASH_ENV in usandbox's own environment",
		defence: "a static image without an environment; no shell; helpers start with a clean one",
		inside:  searchEnvironment,
		outside: func(s *scene) {
			evil := filepath.Join(s.base, "evil")
			s.write(evil, "echo "+s.token+"\n")
			for _, name := range []string{"LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "ENV", "GCONV_PATH", "LD_LIBRARY_PATH"} {
				s.Setenv(name, evil)
			}
			s.Setenv("GODEBUG", "madvdontneed=1,inittrace=1")
			s.launch()
		},
	},
}

func searchEnvironment(p *prisoner) {
	allowed := append(sandbox.PassedNames(), roleVariable)
	if p.policy == bubblewrap {
		allowed = append(allowed, "PWD") // which it sets
	}
	for _, kv := range os.Environ() {
		key, _, _ := strings.Cut(kv, "=")
		if !slices.Contains(allowed, key) && !strings.HasPrefix(key, "LC_") {
			p.bad("the command got %s", kv)
		}
	}
	names, _ := filepath.Glob("/proc/*/*")
	for _, name := range names {
		switch filepath.Base(name) {
		case "environ", "cmdline", "auxv", "comm", "status", "mountinfo":
			text, err := os.ReadFile(name)
			if err == nil {
				p.tried++
				os.Stdout.Write(text) // the scene looks for the token in it
			}
		}
	}
}
