package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/limits"
)

// A command that was killed ended for want of memory if its cgroup tells so, and nobody else
// killed it.
func TestEndedByOOM(t *testing.T) {
	killed, none := int64(1), int64(0)
	const kill, term, exit = unix.WaitStatus(unix.SIGKILL), unix.WaitStatus(unix.SIGTERM), unix.WaitStatus(9 << 8)
	for _, x := range []struct {
		Result
		want Ending
	}{
		{Result{Ending: EndedBySignal, Status: kill, Usage: &limits.Usage{OOMKills: &killed}}, EndedByOOM},
		{Result{Ending: EndedBySignal, Status: kill, Usage: &limits.Usage{OOMKills: &none}}, EndedBySignal},
		{Result{Ending: EndedBySignal, Status: kill}, EndedBySignal},
		{Result{Ending: EndedBySignal, Status: term, Usage: &limits.Usage{OOMKills: &killed}}, EndedBySignal},
		{Result{Ending: EndedByKill, Status: kill, Usage: &limits.Usage{OOMKills: &killed}}, EndedByKill},
		{Result{Ending: EndedByTimeout, Status: kill, Usage: &limits.Usage{OOMKills: &killed}}, EndedByTimeout},
		{Result{Ending: EndedByExit, Status: exit, Usage: &limits.Usage{OOMKills: &killed}}, EndedByExit},
	} {
		if x.noteOOM(); x.Ending != x.want {
			t.Errorf("%q, want %q", x.Ending, x.want)
		}
	}
}

func TestLimitsHit(t *testing.T) {
	none, some := int64(0), int64(3)
	for want, r := range map[string]Result{
		"":                              {Ending: EndedByExit, Usage: &limits.Usage{OOMKills: &none}},
		"timeout":                       {Ending: EndedByTimeout, Status: unix.WaitStatus(unix.SIGTERM)},
		"pids 3":                        {Ending: EndedByOOM, Usage: &limits.Usage{OOMKills: &some, OOMs: &none, PidsMax: &some}}, // the machine's want
		"rlimit cpu":                    {Ending: EndedBySignal, Status: unix.WaitStatus(unix.SIGXCPU)},
		"rlimit fsize pids 3":           {Ending: EndedBySignal, Status: unix.WaitStatus(unix.SIGXFSZ), Usage: &limits.Usage{PidsMax: &some, Throttles: &none}},
		"memory 3 memory-high 3 cpus 3": {Ending: EndedByOOM, Status: unix.WaitStatus(unix.SIGKILL), Usage: &limits.Usage{OOMKills: &some, MemoryHigh: &some, Throttles: &some}},
	} {
		var got []string
		for _, h := range r.LimitsHit() {
			got = append(got, h.Limit)
			if h.Times != nil {
				got = append(got, fmt.Sprint(*h.Times))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
