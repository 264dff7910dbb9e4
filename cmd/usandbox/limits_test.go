package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/sandbox"
)

func parseLimits(args ...string) (limits.Limits, error) {
	f := newRunFlags("run")
	if err := f.set.Parse(args); err != nil {
		return limits.Limits{}, err
	}
	var p sandbox.Policy
	err := f.limits.set(f.set, &p)
	f.limits.setDefault(&p)
	return p.Limits, err
}

func TestLimitFlags(t *testing.T) {
	none := int64(0)
	for _, x := range []struct {
		args []string
		want limits.Limits
	}{
		{nil, limits.Limits{Default: true}},
		{[]string{"--limits=none"}, limits.Limits{}},
		{[]string{"--memory", "2G", "--memory-high", "1.5G", "--swap", "0"}, limits.Limits{Memory: 2 << 30, MemoryHigh: 3 << 29, Swap: &none, Default: true}},
		{[]string{"--pids=5", "--cpus=1.5", "--cpu-weight=3", "--cpuset=0-3,8", "--io-weight=4", "--limits=best-effort"},
			limits.Limits{Pids: 5, CPUs: 1.5, CPUWeight: 3, CPUSet: "0-3,8", IOWeight: 4, BestEffort: true, Default: true}},
		{[]string{"--cgroup", "/x"}, limits.Limits{Dir: "/x", Default: true}},
	} {
		if got, err := parseLimits(x.args...); err != nil || !reflect.DeepEqual(got, x.want) {
			t.Errorf("%q: %+v, %v", x.args, got, err)
		}
	}
	for _, args := range []string{
		"--memory=0", "--memory=2X", "--memory-high=-1", "--swap=", "--pids=0", "--pids=-5", "--cpus=0", "--cpus=1,5", "--cpu-weight=0", "--cpu-weight=10001",
		"--io-weight=0", "--io-weight=20000", "--cpuset=", "--cpuset=3-1", "--cgroup=", "--limits=", "--limits=require",
	} {
		flag, _, _ := strings.Cut(args, "=")
		if l, err := parseLimits(args); err == nil || !strings.HasPrefix(err.Error(), flag+": ") {
			t.Errorf("%s: %+v, %v", args, l, err)
		}
	}
}
