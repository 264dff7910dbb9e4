package sandbox

// File systems that show a namespace need that to be the sandbox's own when they
// are mounted: it is said which entry cannot be had, and what to leave out.

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/userns"
)

func TestKernelFS(t *testing.T) {
	admin := caps.None.With(unix.CAP_SYS_ADMIN)
	for _, c := range []struct {
		entry mounts.Entry
		kind  userns.Kind
		hint  string
	}{
		{mounts.Mqueue{Target: "/m", Origin: "--mqueue /m"}, userns.IPC, "leave out --share ipc"},
		{mounts.Sysfs{Target: "/m", Origin: "--sysfs /m"}, userns.Network, "leave out --share net, or show the host's: --ro /sys"},
		{mounts.Cgroupfs{Target: "/m", Origin: "--cgroupfs /m"}, userns.Cgroup, "leave out --share cgroup, or show the host's: --ro /sys/fs/cgroup"},
	} {
		files := []mounts.Entry{mounts.Dir{Target: "/d"}, c.entry}
		for _, p := range []Policy{
			{Files: files},
			{Files: files, Share: shareable.Minus(userns.SetOf(c.kind))},
			{Files: files, Capabilities: caps.None.With(unix.CAP_NET_ADMIN)},
			{Files: files[:1], Share: shareable, Capabilities: admin},
		} {
			if err := p.check(); err != nil {
				t.Errorf("%v: %v", p, err)
			}
		}
		for _, x := range []struct {
			policy     Policy
			says, hint string
		}{
			{Policy{Files: files, Share: userns.SetOf(c.kind)}, "needs the " + c.kind.String() + " namespace to be the sandbox's own", c.hint},
			{Policy{Files: files, Capabilities: admin}, "gets its " + c.kind.String() + " namespace after the file tree is made", "leave it out"},
		} {
			err := x.policy.check()
			var refused *mounts.Error
			if !errors.As(err, &refused) || refused.Entry != c.entry || !strings.Contains(err.Error(), x.says) ||
				!strings.Contains(err.Error(), refused.Origin) || refused.Origin == "" || !strings.HasPrefix(Hint(err), x.hint) {
				t.Errorf("%v: %v, hint %q", x.policy, err, Hint(err))
			}
		}
	}
}
