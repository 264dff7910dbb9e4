package sandbox

import (
	"fmt"
	"os"
	"os/user"

	"github.com/usandbox/usandbox/idmap"
)

// Delegated are the subordinate ids of the caller, from getsubids(1) or
// /etc/subuid and /etc/subgid, subuid(5).
func Delegated(k idmap.Kind) ([]idmap.SubRange, error) {
	uid := os.Geteuid()
	name := ""
	if u, err := user.LookupId(fmt.Sprint(uid)); err == nil {
		name = u.Username
	}
	return idmap.Delegated(k, name, uint32(uid))
}

// AutoMap is the map of all of the caller's subordinate ids, with the caller's
// own id on 0. It fails where there are none.
func AutoMap(k idmap.Kind) (idmap.Map, error) {
	sub, err := Delegated(k)
	if err != nil {
		return nil, err
	}
	own := os.Geteuid()
	if k == idmap.GID {
		own = os.Getegid()
	}
	if len(sub) == 0 {
		return nil, &NoneDelegatedError{Kind: k}
	}
	return idmap.Auto(uint32(own), sub), nil
}

// NoneDelegatedError says that the caller has no subordinate ids.
type NoneDelegatedError struct {
	Kind idmap.Kind
}

func (e *NoneDelegatedError) Error() string {
	return fmt.Sprintf("no %ss are delegated to you in /etc/sub%v", e.Kind, e.Kind)
}
