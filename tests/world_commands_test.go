package tests

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// worldName is name NAME ADDRESS[,ADDRESS...] ...: what the resolver answers, at first, the
// next time, and so on.
func worldName(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2 && theWorld != nil, "name NAME ADDRESS[,ADDRESS...]...")
	theWorld.mu.Lock()
	defer theWorld.mu.Unlock()
	theWorld.names[args[0]] = args[1:]
}

// asked [-only] REGEXP fails unless the resolver was asked something that matches, or
// nothing else.
func asked(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, false, len(args) > 0 && theWorld != nil, "[!] asked [-only] REGEXP")
	theWorld.recorded(ts, neg, args, &theWorld.asked, "questions")
}

// crossed [-only] REGEXP fails unless something went out to an address that matches, or
// nothing to others.
func crossed(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, false, len(args) > 0 && theWorld != nil, "[!] crossed [-only] REGEXP")
	theWorld.recorded(ts, neg, args, &theWorld.crossed, "packets")
}

func (w *world) recorded(ts *testscript.TestScript, neg bool, args []string, list *[]string, what string) {
	only := len(args) == 2 && args[0] == "-only"
	usage(ts, neg && only, len(args) == 1 || only, "[-only] REGEXP")
	re, err := regexp.Compile(args[len(args)-1])
	ts.Check(err)
	found := func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, line := range *list {
			if re.MatchString(line) != only {
				return line
			}
		}
		return ""
	}
	if !neg && !only {
		eventually(ts, func() bool { return found() != "" }, "no %s match", what)
	} else if line := found(); line != "" {
		ts.Fatalf("%s that should not be: %s", what, line)
	}
}

// linkResolvConf makes /etc/resolv.conf a symlink into /run, as resolvconf(8) and
// systemd-resolved do.
func linkResolvConf(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 0 && theWorld != nil, "link-resolv.conf")
	dir := filepath.Join(ts.Getenv("WORK"), ".etc")
	ts.Check(os.Mkdir(dir, 0o755))
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"))
	for _, name := range []string{"upper", "work", "run"} {
		ts.Check(os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	text, err := os.ReadFile("/etc/resolv.conf")
	ts.Check(err)
	ts.Check(os.Mkdir(filepath.Join(dir, "run", "resolver"), 0o755))
	ts.Check(os.WriteFile(filepath.Join(dir, "run", "resolver", "resolv.conf"), text, 0o644))
	ts.Check(os.Symlink("/run/resolver/resolv.conf", filepath.Join(dir, "upper", "resolv.conf")))
	ts.Check(unix.Mount("overlay", "/etc", "overlay", 0, "userxattr,lowerdir=/etc,upperdir="+dir+"/upper,workdir="+dir+"/work"))
	ts.Check(unix.Mount(filepath.Join(dir, "run"), "/run", "", unix.MS_BIND, ""))
}
