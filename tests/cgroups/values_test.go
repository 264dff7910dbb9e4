package cgroups

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/limits"
)

// Each flag is a value in a file of the cgroup, as cgroups(7) names it.
func TestValues(t *testing.T) {
	only(t, "systemd", "folder")
	cmd := usandbox("--memory", "64M", "--memory-high", "32M", "--swap", "1M", "--pids", "30", "--cpus", "0.5", "--cpu-weight", "50",
		"--cpuset", "0", "--io-weight", "60", "--", "cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// When it answers, it runs.
	if _, err := stdin.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := stdout.Read(make([]byte, 1)); n != 1 {
		t.Fatal(err)
	}
	dirs := slices.DeleteFunc(left(t), func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "memory.max"))
		return err != nil || !strings.HasPrefix(filepath.Base(dir), "usandbox-") || strings.HasSuffix(dir, ".scope") || strings.HasSuffix(dir, "-holder")
	})
	if len(dirs) != 1 {
		t.Fatalf("the cgroups are %q", dirs)
	}
	for name, want := range map[string]string{
		"memory.max": "67108864", "memory.high": "33554432", "memory.swap.max": "1048576", "memory.oom.group": "1", "pids.max": "30",
		"cpu.max": "50000 100000", "cpu.weight": "50", "cpuset.cpus": "0", "io.weight": "default 60",
	} {
		text, err := os.ReadFile(filepath.Join(dirs[0], name))
		if got := strings.TrimSpace(string(text)); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	nothingLeft(t)
}

// What is above --memory-high is slowed down, not killed; the time is kept all the same.
func TestHigh(t *testing.T) {
	only(t, "systemd", "folder")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := shell(ctx, limits.Limits{MemoryHigh: 24 << 20}, "tail /dev/zero")
	c.Timeout = 6 * time.Second
	err := c.Run()
	r := c.Result()
	if err == nil || r.OOM() || r.ExitCode() != 124 {
		t.Errorf("%v, %d, %+v", err, r.ExitCode(), r.Usage)
	}
	// Unlimited it has hundreds of megabytes in that time.
	if peak := r.Usage.MemoryPeak; peak != nil && (*peak < 20<<20 || *peak > 60<<20) {
		t.Errorf("it had %d bytes", *peak)
	}
	nothingLeft(t)
}

// A limit of time holds where the whole machine has no memory left.
func TestTimeoutOutOfMemory(t *testing.T) {
	only(t, "memory")
	before := vmstat(t, "oom_kill")
	out, err := exec.Command(program, "run", "--no-cwd", "--timeout", "20s", "--", "sh", "-c", hogs).CombinedOutput()
	if err == nil || err.Error() != "exit status 124" || !strings.Contains(string(out), "usandbox: --timeout 20s: the command ran longer") {
		t.Errorf("%v\n%s", err, out)
	}
	if vmstat(t, "oom_kill") == before {
		t.Error("there was memory enough")
	}
}

// A sandbox that is killed then as a whole has not met its own limit.
func TestOutOfMemory(t *testing.T) {
	only(t, "memory")
	out, err := usandbox("--pids", "50", "--limits", "none", "--timeout", "2m", "--", "sh", "-c", hogs).CombinedOutput()
	if err == nil || err.Error() != "exit status 137" || !strings.Contains(string(out), "usandbox: the sandbox was killed: the machine, or a cgroup that usandbox is in, had no memory left") {
		t.Errorf("%v\n%s", err, out)
	}
	nothingLeft(t)
}

// hogs want more memory than there is, again and again.
const hogs = "for i in 1 2 3 4 5; do while :; do dd if=/dev/zero of=/dev/null bs=100M count=9; done & done 2>/dev/null; wait"

// vmstat is a line of /proc/vmstat, proc_vmstat(5).
func vmstat(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	t.Fatalf("/proc/vmstat has no %s", name)
	return ""
}
