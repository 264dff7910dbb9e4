package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"sync"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// idRequest is what the flags say about one kind of ids.
type idRequest struct {
	kind   idmap.Kind
	single *uint32 // what the caller's own id becomes
	ranges idmap.Map
	flag   string // the last that had a say in it

	delegated func() ([]idmap.SubRange, error) // asked once
}

func newIDRequest(k idmap.Kind) idRequest {
	return idRequest{kind: k, delegated: sync.OnceValues(func() ([]idmap.SubRange, error) { return sandbox.Delegated(k) })}
}

// idFlags declares the flags about ids. Each implies a user namespace.
func (f *unshareFlags) idFlags() {
	both := func(name, short string, set func(*idRequest) error) {
		f.optional(name, short, func(text string) error {
			if text != absent {
				return errors.New("the flag has no argument")
			}
			f.imply(userns.User)
			for _, q := range []*idRequest{&f.users, &f.groups} {
				q.flag = name
				if err := set(q); err != nil && f.err == nil {
					f.err = flagError(name, err)
				}
			}
			return nil
		})
	}
	one := func(name string, q *idRequest, set func(text string) error) {
		f.set.Func(name, "", func(text string) error {
			f.imply(userns.User)
			q.flag = name
			return set(text)
		})
	}
	both("map-root-user", "r", func(q *idRequest) error { q.single = new(uint32); return nil })
	both("map-current-user", "c", func(q *idRequest) error { own := q.own(); q.single = &own; return nil })
	both("map-auto", "", func(q *idRequest) error { return q.add("auto") })
	both("map-subids", "", func(q *idRequest) error { return q.add("subids") })
	one("map-user", &f.users, func(text string) error { return f.users.name(text) })
	one("map-group", &f.groups, func(text string) error { return f.groups.name(text) })
	one("map-users", &f.users, func(text string) error { return f.users.add(text) })
	one("map-groups", &f.groups, func(text string) error { return f.groups.add(text) })
	f.set.Func("owner", "", func(text string) error {
		f.imply(userns.User)
		u, g, _ := strings.Cut(text, ":")
		uid, ok := id(u)
		gid, ok2 := id(g)
		if !ok || !ok2 {
			return errors.New("want UID:GID, two numbers")
		}
		f.spec.owner = &owner{uid, gid}
		return nil
	})
	f.set.Func("setgroups", "", func(text string) error {
		f.spec.setgroups = text
		if text != "allow" && text != "deny" {
			return errors.New("want allow or deny")
		}
		return nil
	})
}

// own is the caller's id.
func (q *idRequest) own() uint32 {
	if q.kind == idmap.GID {
		return uint32(os.Getegid())
	}
	return uint32(os.Geteuid())
}

// name sets what the own id becomes, by number or name.
func (q *idRequest) name(text string) error {
	n, ok := id(text)
	if !ok {
		number := ""
		if q.kind == idmap.UID {
			if u, err := user.Lookup(text); err == nil {
				number = u.Uid
			}
		} else if g, err := user.LookupGroup(text); err == nil {
			number = g.Gid
		}
		if n, ok = id(number); !ok {
			return fmt.Errorf("there is no %sid of that name or number", q.kind.String()[:1])
		}
	}
	q.single = &n
	return nil
}

// add adds ranges: IN:OUT:COUNT, or OUT,IN,COUNT as unshare(1) had it before 2.39;
// auto, the first block of subordinate ids on 0; subids, the same block on itself;
// all, every id of the caller's namespace on itself.
func (q *idRequest) add(text string) error {
	switch text {
	case "auto", "subids":
		sub, err := q.delegated()
		if err == nil && len(sub) == 0 {
			err = &sandbox.NoneDelegatedError{Kind: q.kind}
		}
		if err != nil {
			return err
		}
		r := idmap.Range{Outside: sub[0].Start, Count: sub[0].Count}
		if text == "subids" {
			r.Inside = r.Outside
		}
		q.ranges = append(q.ranges, r)
		return nil
	case "all":
		m, err := ownMap(q.kind)
		q.ranges = append(q.ranges, m.Identity()...)
		return err
	}
	if fields := strings.Split(text, ","); len(fields) == 3 && !strings.Contains(text, ":") {
		text = fields[1] + ":" + fields[0] + ":" + fields[2]
	}
	r, err := idmap.ParseRange(text)
	q.ranges = append(q.ranges, r)
	return err
}

// ownMap is the map of the user namespace that the caller is in.
func ownMap(k idmap.Kind) (idmap.Map, error) {
	file, err := os.Open("/proc/self/" + k.String() + "_map")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return idmap.ParseProc(file)
}
