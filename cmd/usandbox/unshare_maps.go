package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/userns"
)

// setMaps makes the maps of what the flags asked for, and refuses ids that are not
// the caller's to give.
func (f *unshareFlags) setMaps() error {
	if f.spec.owner != nil {
		sets, err := caps.Of(0)
		if err == nil && (!sets.Effective.Has(unix.CAP_SETUID) || !sets.Effective.Has(unix.CAP_SETGID)) {
			err = hinted{errors.New("to give a user namespace to somebody needs CAP_SETUID and CAP_SETGID"), "do it as root"}
		}
		if err != nil {
			return flagError("owner", err)
		}
	}
	for _, x := range []struct {
		q  *idRequest
		to *idMapping
	}{{&f.users, &f.spec.uidMap}, {&f.groups, &f.spec.gidMap}} {
		m, err := x.q.make(f.spec.owner != nil)
		if err != nil {
			return flagError(x.q.flag, err)
		}
		*x.to = m
	}
	return nil
}

// make is the map. With an owner it is written from outside whatever it is: the
// owner may not map the caller's id.
func (q *idRequest) make(owned bool) (idMapping, error) {
	own := q.own()
	im := idMapping{flag: q.flag, ranges: len(q.ranges) > 0 || q.single != nil && owned}
	switch {
	case q.single == nil:
		im.m = q.ranges
	default:
		im.m = idmap.One(*q.single, own)
		for _, r := range q.ranges {
			im.m = append(im.m, r.Around(*q.single, own)...)
		}
	}
	if len(im.m) == 0 {
		return im, nil
	}
	if err := im.m.Validate(); err != nil {
		return im, err
	}
	if !im.ranges || os.Geteuid() == 0 {
		return im, nil
	}
	if set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err == nil && set == 1 {
		return im, fmt.Errorf("no_new_privs is set: new%vmap, which is set-user-id, has no effect", q.kind)
	}
	sub, err := q.delegated()
	if err == nil {
		err = im.m.CheckDelegated(q.kind, own, sub)
	}
	return im, err
}

// checkSetgroups refuses what the kernel would not allow about setgroups(2).
func (f *unshareFlags) checkSetgroups() error {
	s := &f.spec
	own, err := os.ReadFile("/proc/self/setgroups")
	denied := err == nil && strings.TrimSpace(string(own)) == "deny"
	// A process writes the map of its own group only after it has denied setgroups,
	// and so does newgidmap.
	single := len(s.gidMap.m) == 1 && s.gidMap.m[0].Count == 1 && s.gidMap.m[0].Outside == f.groups.own()
	needsDeny := len(s.gidMap.m) > 0 && (!s.gidMap.ranges || single && os.Geteuid() != 0)
	// In a user namespace without a map of groups the kernel allows it to nobody.
	unmapped := s.kinds.Has(userns.User) && len(s.gidMap.m) == 0
	s.setgroupsAllowed = !denied && !needsDeny && !unmapped && s.setgroups != "deny"
	switch {
	case s.setgroups != "" && !s.kinds.Has(userns.User):
		return hinted{flagError("setgroups", errors.New("it is for a new user namespace")), "add -U"}
	case s.setgroups != "allow":
		return nil
	case denied:
		return flagError("setgroups", errors.New("it is denied in the caller's user namespace, and so in all below"))
	case needsDeny:
		return hinted{flagError("setgroups", fmt.Errorf("allow and --%s exclude each other: the own group alone can only be mapped where setgroups is denied", s.gidMap.flag)),
			"map a range of groups: --map-groups auto"}
	}
	return nil
}
