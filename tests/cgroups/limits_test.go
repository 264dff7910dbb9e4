package cgroups

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/sandbox"
)

// A fork bomb stops at its limit, and ends with the sandbox.
func TestPids(t *testing.T) {
	only(t, "systemd", "folder")
	r, out := run(t, limits.Limits{Pids: 30}, "b() { b | b & b; }; (b) 2>/dev/null; sleep 1; exit 3")
	if *r.Usage.PidsMax == 0 {
		t.Errorf("no fork was refused: %s", out)
	}
	if peak := r.Usage.PidsPeak; peak != nil && *peak != 30 { // Linux 6.11
		t.Errorf("there were %d processes", *peak)
	}
	nothingLeft(t)
}

// What wants too much memory is killed with all of its sandbox, and nothing else is.
func TestMemory(t *testing.T) {
	only(t, "systemd", "folder")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	neighbour := shell(ctx, limits.Limits{Memory: 64 << 20}, "x=$(head -c 1000000 /dev/zero | tr '\\0' x); read go; echo ${#x}")
	in, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out strings.Builder
	neighbour.Stdin, neighbour.Stdout = in, &out
	if err := neighbour.Start(); err != nil {
		t.Fatal(err)
	}
	r, said := run(t, limits.Limits{Memory: 48 << 20}, "sleep 100 & tail /dev/zero; echo went on")
	if !r.OOM() || r.Ending != sandbox.EndedByOOM || r.ExitCode() != 137 || strings.Contains(said, "went on") {
		t.Errorf("%d, %+v, %s", r.ExitCode(), r.Usage, said)
	}
	if peak := r.Usage.MemoryPeak; peak != nil && (*peak < 40<<20 || *peak > 48<<20) {
		t.Errorf("it had %d bytes", *peak)
	}
	hold.Close()
	if err := neighbour.Wait(); err != nil || strings.TrimSpace(out.String()) != "1000000" || neighbour.Result().OOM() {
		t.Errorf("the neighbour: %v, %q, %+v", err, out.String(), neighbour.Result())
	}
	nothingLeft(t)
}

// The processor time is what was given.
func TestCPUs(t *testing.T) {
	only(t, "systemd", "folder")
	r, _ := run(t, limits.Limits{CPUs: 0.5}, "timeout 4 sh -c 'while :; do :; done & while :; do :; done'")
	if share := r.Usage.CPU.Seconds() / r.Wall.Seconds(); share < 0.3 || share > 0.56 {
		t.Errorf("it had %.2f processors", share)
	}
	if *r.Usage.Throttled == 0 {
		t.Error("it was not throttled")
	}
}

// What the sandbox can reach does not have its limits.
func TestLimitsOutOfReach(t *testing.T) {
	only(t, "systemd", "folder")
	out, err := usandbox("--pids", "30", "--cgroupfs", "/cg:rw", "--", "sh", "-c", "cat /proc/self/cgroup; ls /cg; echo max >/cg/pids.max; mkdir /cg/sub && echo 0 >/cg/sub/cgroup.procs && cat /proc/self/cgroup").CombinedOutput()
	text := string(out)
	if !strings.Contains("\n"+text, "\n0::/\n") || strings.Contains(text, "\npids.max\n") || !strings.Contains(text, "cannot create /cg/pids.max") {
		t.Errorf("%v\n%s", err, text)
	}
	nothingLeft(t)
}

// The program tells what was met.
func TestTold(t *testing.T) {
	only(t, "systemd", "folder")
	file := t.TempDir() + "/report"
	out, err := usandbox("--memory", "32M", "--report", file, "--", "tail", "/dev/zero").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "usandbox: the sandbox was killed: it wanted more memory than it may have (--memory 33554432)") {
		t.Errorf("%v\n%s", err, out)
	}
	report, err := os.ReadFile(file)
	for _, part := range []string{`"ending": "oom"`, `"exit_code": 137`, `"oom_kills": `, `"limit": "memory"`} {
		if !strings.Contains(string(report), part) {
			t.Errorf("%s is not in the report: %v\n%s", part, err, report)
		}
	}
	nothingLeft(t)
}

// Where nothing can be had, a limit is an error with a hint; by default none is wanted.
func TestNone(t *testing.T) {
	only(t, "none")
	out, err := usandbox("--memory", "1G", "--", "true").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "usandbox: make a cgroup for --memory: no cgroup is delegated to you") || !strings.Contains(string(out), "\nhint: ") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := usandbox("--", "true").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = usandbox("--limits=best-effort", "--pids", "10", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "RLIMIT_NPROC") {
		t.Errorf("%v\n%s", err, out)
	}
}

// As in a container, whose cgroup is the root that it sees, and not its own, it is said what the
// container lacks.
func TestContainer(t *testing.T) {
	only(t, "none")
	out, err := exec.Command("unshare", "--user", "--map-root-user", "--cgroup", "--mount", "sh", "-c",
		"mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "+program+" run --no-cwd --memory 1G -- true").CombinedOutput()
	if err == nil || err.Error() != "exit status 125" || !strings.Contains(string(out), "usandbox: make a cgroup for --memory: no cgroup is delegated to you") ||
		!strings.Contains(string(out), "\nhint: in a container: podman run --cgroupns=private ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A controller that systemd does not hand on is an error that says how to get it, and leaves
// nothing; best effort goes on without. What it hands on can be had.
func TestController(t *testing.T) {
	only(t, "systemd")
	from := fmt.Sprintf("/sys/fs/cgroup/user.slice/user-%d.slice/user@%[1]d.service", os.Getuid())
	if os.Getuid() == 0 {
		from = "/sys/fs/cgroup"
	}
	have, err := os.ReadFile(from + "/cgroup.controllers")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(have), "cpuset") {
		out, err := usandbox("--cpuset", "1", "--cpu-weight", "50", "--io-weight", "50", "--", "nproc").CombinedOutput()
		if err != nil || !strings.HasSuffix("\n"+string(out), "\n1\n") {
			t.Errorf("%v\n%s", err, out)
		}
		nothingLeft(t)
		return
	}
	out, err := usandbox("--cpuset", "0", "--", "true").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--cpuset needs the controller cpuset") || !strings.Contains(string(out), "\nhint: systemd hands users ") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = usandbox("--cpuset", "0", "--limits=best-effort", "--", "echo", "ran").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--cpuset: does not hold") || !strings.HasSuffix(string(out), "ran\n") {
		t.Errorf("%v\n%s", err, out)
	}
	nothingLeft(t)
}
