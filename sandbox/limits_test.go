package sandbox

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/limits"
)

// A limit that cannot be had is an error with a hint, before anything is done.
func TestLimitsNeedACgroup(t *testing.T) {
	c := Command("true")
	c.Policy.Limits = limits.Limits{Pids: 5, Dir: t.TempDir()}
	var failed *limits.Error
	if err := c.Start(); !errors.As(err, &failed) || Hint(err) == "" || c.Result() != nil {
		t.Errorf("%v", err)
	}
	c = Command("true")
	c.Policy.Limits.CPUs = -1
	var policy *PolicyError
	if err := c.Start(); !errors.As(err, &policy) || policy.Field != "Limits" {
		t.Errorf("%v", err)
	}
}

// Nobody removes the cgroup of a program that is not watched, or has taken its supervisor's
// place.
func TestLimitsNeedASupervisor(t *testing.T) {
	c := Command("true")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if !c.fitsInPlace() {
		t.Fatal("without limits it does not fit in place")
	}
	c.Policy.Limits.Default = true
	if !c.fitsInPlace() {
		t.Error("the default limits cost a supervisor")
	}
	for _, l := range []limits.Limits{{Memory: 1 << 30}, {Dir: "/sys/fs/cgroup/x"}} {
		c.Policy.Limits = l
		if c.fitsInPlace() {
			t.Errorf("%+v is taken in place", l)
		}
		var policy *PolicyError
		if _, err := c.Standalone(); !errors.As(err, &policy) || policy.Field != "Limits" {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

// Best effort is limits of processes, in the sandbox only, and told.
func TestLimitsBestEffort(t *testing.T) {
	c := Command("sh", "-c", "ulimit -d")
	c.Policy.Limits = limits.Limits{Memory: 100 << 20, Swap: new(int64), Dir: t.TempDir(), BestEffort: true}
	out, err := c.Output()
	if err != nil || string(out) != "102400\n" {
		t.Errorf("%v, %s", err, out)
	}
	if lost := strings.Join(c.NotLimited(), "\n"); !strings.Contains(lost, "RLIMIT_DATA") || !strings.Contains(lost, "--swap: does not hold") {
		t.Error(lost)
	}
	if r := c.Result(); r.Usage != nil || r.OOM() {
		t.Errorf("%+v", r.Usage)
	}
}
