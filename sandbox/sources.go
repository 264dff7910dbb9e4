package sandbox

import (
	"github.com/usandbox/usandbox/mounts"
)

// MakeSources makes the folders of the host that entries of the policy with Create set
// want made, with mode 0700, for the policy's outside user, and returns those that it
// made. It does nothing unless all of the command can be compiled; the errors are those
// of [Cmd.Plan], or of what cannot be made. Start and Exec make nothing themselves.
func (c *Cmd) MakeSources() (made []string, err error) {
	missing, err := mounts.Missing(c.Policy.Files)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	if err := c.checkDelegated(); err != nil {
		return nil, err
	}
	if _, err := c.Plan(); err != nil {
		return nil, err
	}
	uid, gid := -1, -1
	if as := c.Policy.As; as != nil {
		uid, gid = int(as.UID), int(as.GID)
	}
	for _, dir := range missing {
		if err := mounts.Make(dir, uid, gid); err != nil {
			return made, err
		}
		made = append(made, dir)
	}
	return made, nil
}
