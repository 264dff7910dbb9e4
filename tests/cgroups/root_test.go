package cgroups

import (
	"os"
	"strings"
	"testing"
)

// Root's sandbox of another user has limits by the machine's systemd.
func TestAs(t *testing.T) {
	only(t, "systemd")
	if os.Getuid() != 0 {
		t.Skip("only root can be another user outside")
	}
	out, err := usandbox("--as", "tester", "--pids", "30", "--memory", "64M", "--", "sh", "-c", "id -u; cat /proc/self/cgroup; b() { b | b & b; }; (b) 2>/dev/null; sleep 1; exit 3").CombinedOutput()
	if err == nil || err.Error() != "exit status 3" || !strings.HasPrefix(string(out), "1000\n0::/\n") || !strings.Contains(string(out), "--pids") {
		t.Errorf("%v\n%s", err, out)
	}
	nothingLeft(t)
}
