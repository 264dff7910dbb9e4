package sandbox

import (
	"os"

	"github.com/usandbox/usandbox/idmap"
)

// checkDelegated refuses ranges of ids that are not the caller's to give.
func (c *Cmd) checkDelegated() error {
	if err := c.Policy.check(); err != nil || os.Geteuid() == 0 {
		return err
	}
	for _, x := range []struct {
		field string
		kind  idmap.Kind
		m     idmap.Map
		own   int
	}{
		{"UIDMap", idmap.UID, c.Policy.UIDMap, os.Geteuid()},
		{"GIDMap", idmap.GID, c.Policy.GIDMap, os.Getegid()},
	} {
		if len(x.m) == 0 {
			continue
		}
		sub, err := Delegated(x.kind)
		if err == nil {
			err = x.m.CheckDelegated(x.kind, uint32(x.own), sub)
		}
		if err != nil {
			return &PolicyError{x.field, err}
		}
	}
	return nil
}

// installMaps gives outer, whose process id is pid, its ranges of ids.
func (c *Cmd) installMaps(pid int) error {
	install := idmap.Install
	if os.Geteuid() == 0 {
		install = idmap.WriteFor
	}
	for _, x := range []struct {
		field string
		kind  idmap.Kind
		m     idmap.Map
	}{{"UIDMap", idmap.UID, c.Policy.UIDMap}, {"GIDMap", idmap.GID, c.Policy.GIDMap}} {
		if len(x.m) > 0 {
			if err := install(x.kind, pid, x.m); err != nil {
				return &PolicyError{x.field, err}
			}
		}
	}
	return nil
}
