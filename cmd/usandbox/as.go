package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/sandbox"
)

// person is who --as USER[:GROUP] means, each by name or number; nil if the flag
// is not given. HOME, USER and LOGNAME become that user's, so that the sandbox's
// home is too.
func (f *runFlags) person() (*sandbox.Credential, error) {
	if f.as == "" {
		if f.set.Changed("as") {
			return nil, errors.New("no user is given")
		}
		return nil, nil
	}
	name, group, hasGroup := strings.Cut(f.as, ":")
	var c sandbox.Credential
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if err != nil {
		uid, numeric := id(name)
		if !numeric || !hasGroup {
			return nil, fmt.Errorf("there is no user %q", name)
		}
		c.UID = uid
	} else {
		c.UID, _ = id(u.Uid)
		c.GID, _ = id(u.Gid)
	}
	if hasGroup {
		if g, err := user.LookupGroup(group); err == nil {
			group = g.Gid
		}
		gid, numeric := id(group)
		if !numeric {
			return nil, fmt.Errorf("there is no group %q", group)
		}
		c.GID = gid
	}
	if c.UID == 0 {
		return nil, errors.New("root is no unprivileged user")
	}
	if err == nil {
		os.Setenv("HOME", u.HomeDir)
		os.Setenv("USER", u.Username)
		os.Setenv("LOGNAME", u.Username)
	}
	return &c, nil
}

// id reads a user or group id.
func id(text string) (uint32, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err == nil && n < 1<<32-1
}
