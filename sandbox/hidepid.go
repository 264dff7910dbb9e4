package sandbox

import (
	"errors"
	"os"
	"slices"

	"github.com/usandbox/usandbox/mounts"
)

// checkHidePID refuses options of a proc that would hide nothing: who is in the
// host's group 0 is exempt from hidepid, but for ptraceable, proc(5). The option
// gid= would name another group, but only one that is mapped.
func (p *Policy) checkHidePID(id identity) error {
	for _, e := range p.Files {
		m, ok := e.(mounts.Proc)
		if !ok || m.HidePID != "noaccess" && m.HidePID != "invisible" || !p.inRootGroup(id) {
			continue
		}
		return &mounts.Error{
			Entry: m, Doing: m.String(), Origin: m.Origin, Hint: "write hidepid=ptraceable, or give the sandbox another group outside: --as USER",
			Err: errors.New("hidepid=" + m.HidePID + " hides nothing from the group 0, which the sandbox is in outside"),
		}
	}
	return nil
}

// inRootGroup reports whether the command is in the host's group 0.
func (p *Policy) inRootGroup(id identity) bool {
	outside := id.outer.GID
	if id.mapGIDs {
		mapped, _ := id.gidMap.ToOutside(id.gid)
		outside = uint32(mapped)
	}
	if outside == 0 || p.As != nil || id.dropGroups {
		return outside == 0
	}
	groups, err := os.Getgroups()
	return err != nil || slices.Contains(groups, 0)
}
