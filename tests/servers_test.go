package tests

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/usandbox/usandbox/tests/servers"
)

// serversKey is where a script keeps its servers.
const serversKey = "servers"

// running are the servers of a script, under the names of the variables with their
// ports.
type running struct {
	authority *servers.Authority
	list      map[string]*servers.Server
}

// serve KIND VARIABLE [ADDRESS] [ARG ...] starts a server for the rest of the script.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2, "serve KIND VARIABLE [ADDRESS] [ARG ...]")
	r := ts.Value(serversKey).(*running)
	if r.authority == nil {
		var err error
		r.authority, err = servers.NewAuthority()
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "project", "ca.pem"), r.authority.PEM, 0o644))
	}
	address, rest := "127.0.0.1:0", []string(nil)
	if len(args) > 2 {
		address, rest = args[2], args[3:]
	}
	s, err := servers.Start(socketsFor(ts, address), r.authority, args[0], address, rest...)
	ts.Check(err)
	ts.Defer(s.Close)
	r.list[args[1]] = s
	ts.Setenv(args[1], strconv.Itoa(s.Port))
}

// socketsFor makes the sockets of a server at an address: in the script's world beyond
// this machine, or here.
func socketsFor(ts *testscript.TestScript, address string) servers.Sockets {
	a, err := netip.ParseAddrPort(address)
	if err == nil && theWorld != nil && !theWorld.near(a.Addr()) {
		return theWorld
	}
	return servers.Here{}
}

// heard VARIABLE [REGEXP] fails if a server was not connected to, or nothing in what it
// heard matches. With ! a connection is one too many.
func heard(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, false, len(args) == 1 || len(args) == 2, "[!] heard VARIABLE [REGEXP]")
	s := ts.Value(serversKey).(*running).list[args[0]]
	if s == nil {
		ts.Fatalf("no server has its port in %s", args[0])
	}
	found := func() bool { return s.Connections() > 0 }
	if len(args) == 2 {
		re, err := regexp.Compile(args[1])
		ts.Check(err)
		found = func() bool { return re.MatchString(s.Text()) }
	}
	what := fmt.Sprintf("%s heard %d connections, %d bytes: %q", args[0], s.Connections(), s.Bytes(), s.Text()[:min(300, len(s.Text()))])
	if !neg {
		eventually(ts, found, "%s", what)
	} else if found() {
		ts.Fatalf("%s", what)
	}
}

// peak MIB fails if the last background program has ever used more memory.
func peak(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "peak MIB")
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", latest(ts).cmd.Process.Pid))
	ts.Check(err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			ts.Check(err)
			ts.Logf("it has used %d KiB at most", kib)
			if kib > most<<10 {
				ts.Fatalf("it has used %d KiB at most, which is more than %d MiB", kib, most)
			}
			return
		}
	}
	ts.Fatalf("no peak in %q", text)
}
