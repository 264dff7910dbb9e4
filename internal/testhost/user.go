package testhost

import (
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// User is the user without privilege that root runs tests as: the first in
// /etc/subuid who is in /etc/subgid and /etc/passwd too, else nobody.
func User() (uid, gid uint32) {
	subgid := delegatees("/etc/subgid")
	for _, name := range delegatees("/etc/subuid") {
		u, err := user.Lookup(name)
		if err != nil {
			u, err = user.LookupId(name)
		}
		if err != nil || u.Uid == "0" || !slices.Contains(subgid, name) {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return uint32(uid), uint32(gid)
		}
	}
	return 65534, 65534
}

// delegatees are the users, by name or number, to whom a file, subuid(5), delegates
// ids.
func delegatees(file string) (names []string) {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	return names
}
