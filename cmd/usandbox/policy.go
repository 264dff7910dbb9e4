package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cache"
	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// policy turns the flags into a policy: the default profile, then what the flags
// add to it.
func (f *runFlags) policy(changes *cow.Run, caches *cache.Layers) (sandbox.Policy, error) {
	if f.noNamespaces {
		return f.hostPolicy()
	}
	as, err := f.person()
	if err != nil {
		return sandbox.Policy{}, flagError("as", err)
	}
	p, err := f.profile(as, changes)
	if err != nil {
		return p, err
	}
	if caches != nil {
		p = p.WithCaches(caches)
	}
	if f.network.net == "host" {
		p = p.WithHostNetwork()
	}
	f.setCreate(f.files)
	sockets, err := f.network.socketEntries()
	if err != nil {
		return p, err
	}
	if p.Files, err = mounts.Expand(slices.Concat(p.Files, f.files, sockets)); err != nil {
		return p, err
	}
	hideState(&p)
	if caches != nil {
		if err := checkStore(&p, "cache", cache.Dir); err != nil {
			return p, err
		}
	}
	if changes != nil {
		if err := checkStore(&p, "cow", cow.Dir); err != nil {
			return p, err
		}
	}
	p.Hostname, p.Domainname = f.hostname, f.domainname
	p.CommandIsInit = f.asPID1
	for _, err := range []error{
		flagError("share", f.setShare(&p)),
		f.setNetwork(&p),
		flagError("propagation", f.setPropagation(&p)),
		f.setIDs(&p),
		f.setClocks(&p),
		f.setCapabilities(&p),
		flagError("landlock", f.setLandlock(&p)),
		f.setSyscalls(&p),
		f.attributes.set(f.set, &p),
		f.limits.set(f.set, &p),
	} {
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func (f *runFlags) profile(as *sandbox.Credential, changes *cow.Run) (sandbox.Policy, error) {
	var p sandbox.Policy
	switch {
	case f.bare && f.rootfs != "":
		return p, errors.New("--bare and --rootfs exclude each other")
	case f.bare:
		return p, nil
	case f.rootfs != "":
		dir, err := filepath.Abs(f.rootfs)
		if err == nil {
			p, err = sandbox.RootfsPolicy(dir)
		}
		if err != nil {
			return p, flagError("rootfs", err)
		}
	default:
		p = sandbox.SystemPolicy()
	}
	if f.noProc {
		p.Files = slices.DeleteFunc(p.Files, func(e mounts.Entry) bool { _, ok := e.(mounts.Proc); return ok })
	}
	p.As = as // whose the git folder of the current one has to be
	if !f.noCwd {
		if err := f.currentFolder(&p, changes); err != nil {
			return p, err
		}
	}
	if changes != nil {
		p = p.WithCopyOnWrite(changes, "--cow")
	}
	return p, nil
}

// currentFolder adds the current folder, writable, unless it is copy-on-write.
func (f *runFlags) currentFolder(p *sandbox.Policy, changes *cow.Run) error {
	dir, err := unix.Getwd() // not $PWD: the path has to be free of symlinks
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	if covers(changes, dir) {
		p.Dir, p.GitNotShown = dir, f.gitNotShown
		_, err = sandbox.Project(dir)
	} else {
		*p, err = p.WithWritable(dir)
	}
	return err
}

func (f *runFlags) setShare(p *sandbox.Policy) (err error) {
	if f.set.Changed("share") {
		p.Share, err = userns.ParseSet(f.share, userns.SetOf(userns.Network, userns.IPC, userns.UTS, userns.Cgroup))
	}
	return err
}

func (f *runFlags) setPropagation(p *sandbox.Policy) (err error) {
	p.Propagation, err = mounts.ParsePropagation(f.propagation)
	return err
}

func (f *runFlags) setIDs(p *sandbox.Policy) (err error) {
	if f.root {
		if f.set.Changed("uid") || f.set.Changed("gid") {
			return errors.New("--root and --uid or --gid exclude each other")
		}
		p.UID, p.GID = sandbox.ID(0), sandbox.ID(0)
	}
	if f.set.Changed("uid") {
		p.UID = &f.uid
	}
	if f.set.Changed("gid") {
		p.GID = &f.gid
	}
	if p.UIDMap, err = idMap(idmap.UID, f.mapUIDs); err != nil {
		return flagError("map-uids", err)
	}
	p.GIDMap, err = idMap(idmap.GID, f.mapGIDs)
	return flagError("map-gids", err)
}

func idMap(k idmap.Kind, specs []string) (idmap.Map, error) {
	var m idmap.Map
	for _, spec := range specs {
		if spec == "auto" {
			if len(specs) > 1 {
				return nil, errors.New("auto stands alone")
			}
			return sandbox.AutoMap(k)
		}
		r, err := idmap.ParseRange(spec)
		if err != nil {
			return nil, err
		}
		m = append(m, r)
	}
	if len(m) == 0 {
		return nil, nil
	}
	return m, m.Validate()
}

func (f *runFlags) setClocks(p *sandbox.Policy) error {
	for _, x := range []struct {
		name string
		from time.Duration
		to   *time.Duration
	}{{"boottime", f.boottime, &p.Clocks.Boottime}, {"monotonic", f.monotonic, &p.Clocks.Monotonic}} {
		if x.from%time.Second != 0 {
			return flagError(x.name, fmt.Errorf("%v is not a whole number of seconds", x.from))
		}
		*x.to = x.from
	}
	return nil
}

func (f *runFlags) setCapabilities(p *sandbox.Policy) error {
	for _, name := range f.capAdd {
		set, err := caps.Parse(name)
		if err != nil {
			return flagError("cap-add", err)
		}
		p.Capabilities = p.Capabilities.Union(set)
	}
	for _, name := range f.capDrop {
		set, err := caps.Parse(name)
		if err != nil {
			return flagError("cap-drop", err)
		}
		p.Capabilities = p.Capabilities.Minus(set)
	}
	return nil
}

// writableHere is the folder whose new files are looked at in the end; "" if the
// sandbox cannot write to the current folder.
func writableHere(p sandbox.Policy) string {
	if n := p.NoNamespaces; n != nil && slices.ContainsFunc(n.Files, func(f sandbox.HostPlace) bool { return f.Writable && f.Path == p.Dir }) {
		return p.Dir
	}
	for _, e := range p.Files {
		if b, ok := e.(mounts.Bind); ok && b.Writable && b.Source == p.Dir && b.Target == p.Dir {
			return p.Dir
		}
	}
	return ""
}

// asRoot is the line that a caller who is root is told.
func asRoot(p sandbox.Policy) string {
	if os.Geteuid() != 0 || p.As != nil {
		return ""
	}
	if p.NoNamespaces != nil {
		return "you are root: the command can read root's files in the system's folders; start usandbox as an ordinary user"
	}
	return "you are root: the command can read root's files where they are visible; --as USER makes it an ordinary user outside"
}
