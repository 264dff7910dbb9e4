package main

import (
	"embed"
	"fmt"
	"strings"
	"time"
)

// Suite is what one boot of a machine runs.
type Suite struct {
	Name    string
	Plain   bool          // without systemd
	Memory  int           // MiB of the machine, where it has to be little
	Root    bool          // as root, not as the user
	Full    bool          // on the root file system with more programs
	Package string        // compiled tests, by their path in the repository
	Args    []string      // to them
	Env     []string      // of them
	Setup   string        // shell, run by root before; 77: this kernel does not have it
	Script  string        // shell, in place of compiled tests: a file in the folder ways
	Limit   time.Duration // for the whole machine
}

// cgroupsOf are the settings of the package tests/cgroups.
func cgroupsOf(way string) []string {
	list := []string{"USANDBOX_TEST_CGROUPS=" + way, "USANDBOX_TEST_PROGRAM=" + programs + "/usandbox"}
	if way == "folder" || way == "memory" {
		list = append(list, "USANDBOX_TEST_CGROUP="+delegated)
	}
	return list
}

// programs is where the guest has usandbox and probe.
const programs = jobFolder + "/bin"

// known are the suites, in the order of the table.
var known = []Suite{
	{Name: "scripts", Full: true, Package: "tests", Args: []string{"-test.run=^TestScript$", "-test.parallel=2"}, Limit: time.Hour},
	{Name: "escape", Full: true, Package: "tests/escape", Limit: time.Hour},
	{Name: "bwrap", Full: true, Package: "tests/bwrap", Args: []string{"-sequences=60"}, Limit: 30 * time.Minute},
	{Name: "cgroups-systemd", Package: "tests/cgroups", Env: cgroupsOf("systemd"), Limit: 15 * time.Minute},
	{Name: "cgroups-root", Root: true, Package: "tests/cgroups", Env: cgroupsOf("systemd"), Limit: 15 * time.Minute},
	{Name: "cgroups-folder", Plain: true, Package: "tests/cgroups", Env: cgroupsOf("folder"), Limit: 15 * time.Minute},
	{Name: "cgroups-memory", Plain: true, Memory: 400, Package: "tests/cgroups", Args: []string{"-test.run=OutOfMemory$"}, Env: cgroupsOf("memory"), Limit: way},
	{Name: "cgroups-none", Plain: true, Package: "tests/cgroups", Env: cgroupsOf("none"), Limit: 15 * time.Minute,
		Setup: "chown -R root " + delegated},
	{Name: "forbidden-clone", Plain: true, Script: "forbidden-clone", Limit: way, Setup: sysctl("kernel.unprivileged_userns_clone", 0)},
	{Name: "forbidden-max", Plain: true, Script: "forbidden-max", Limit: way, Setup: sysctl("user.max_user_namespaces", 0)},
	{Name: "forbidden-apparmor", Plain: true, Script: "forbidden-apparmor", Limit: way, Setup: apparmor},
	{Name: "memfd", Plain: true, Script: "memfd", Limit: way, Setup: sysctl("vm.memfd_noexec", 2)},
}

// way is how long a script of ways may take.
const way = 5 * time.Minute

func sysctl(name string, value int) string {
	file := "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
	return fmt.Sprintf(`test -e %s || { echo "this kernel has no %s"; exit 77; }
echo %d >%s
`, file, name, value, file)
}

// apparmor loads a profile for usandbox that allows all but user namespaces.
const apparmor = `grep -qsw userns_create /sys/kernel/security/apparmor/features/namespaces/mask ||
	{ echo "this kernel's AppArmor does not know user namespaces"; exit 77; }
cat >/tmp/profile <<'END'
abi <abi/4.0>,
profile usandbox ` + programs + `/usandbox {
	file, capability, network, mount, umount, pivot_root, signal, ptrace, unix, dbus, mqueue, io_uring, change_profile -> *,
}
END
apparmor_parser --replace /tmp/profile
`

//go:embed ways
var ways embed.FS

// run is the shell script that the user of the machine runs.
func (s Suite) run() (string, error) {
	var b strings.Builder
	name, home := userName, userHome
	if s.Root {
		name, home = "root", "/root"
	}
	b.WriteString("#!/bin/sh\nset -u\nexport PATH=" + programs + ":" + path + " LANG=C.UTF-8 SHELL=/bin/sh USER=" + name + " LOGNAME=" + name +
		" HOME=" + home + " USANDBOX_TEST_PROGRAMS=" + programs + " USANDBOX_TEST_SLOW=10\n")
	for _, e := range s.Env {
		fmt.Fprintf(&b, "export %s\n", e)
	}
	if s.Script == "" {
		fmt.Fprintf(&b, "cd %s/src/%s && exec %s/suite.test -test.v -test.timeout=%v %s\n", jobFolder, s.Package, jobFolder,
			s.Limit-s.Limit/20, strings.Join(quoted(s.Args), " "))
		return b.String(), nil
	}
	for _, name := range []string{"check", s.Script} {
		text, err := ways.ReadFile("ways/" + name + ".sh")
		if err != nil {
			return "", err
		}
		b.Write(text)
	}
	b.WriteString("exit $failed\n")
	return b.String(), nil
}

func quoted(args []string) (list []string) {
	for _, a := range args {
		list = append(list, "'"+strings.ReplaceAll(a, "'", `'\''`)+"'")
	}
	return list
}
