package idmap

import "fmt"

// A Kind says which of the two maps of a user namespace is meant.
type Kind int

const (
	UID Kind = iota // user ids: uid_map, newuidmap, /etc/subuid
	GID             // group ids: gid_map, newgidmap, /etc/subgid
)

// String returns "uid" or "gid".
func (k Kind) String() string {
	switch k {
	case UID:
		return "uid"
	case GID:
		return "gid"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// valid refuses numbers that are neither UID nor GID, so that no mistake of a
// caller is taken for one of them.
func (k Kind) valid() error {
	if k != UID && k != GID {
		return fmt.Errorf("BUG: id map: unknown %v", k)
	}
	return nil
}

// mapFile is the name of the map's file in /proc/PID.
func (k Kind) mapFile() string { return k.String() + "_map" }

// helper is the set-user-id program that writes the map.
func (k Kind) helper() string { return "new" + k.String() + "map" }

// subFile is where the delegated ids are listed.
func (k Kind) subFile() string { return "/etc/sub" + k.String() }
