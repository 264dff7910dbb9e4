package sandbox

import (
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
