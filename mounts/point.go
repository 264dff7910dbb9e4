package mounts

import (
	"strings"

	"golang.org/x/sys/unix"
)

// point makes sure that there is a folder or a file at a target that is not known, and opens
// it as t.dst. In most trees it is there.
func (t *tree) point(target string, at place, file bool) {
	t.isBlind(at)
	rel := relative(target)
	slow, opened, none := t.p.Label("missing"), t.p.Label("opened"), t.p.Label("no_folder")
	t.doing(StagePoint, sort(file), "")
	if file {
		t.openLoose(rel, at, "O_PATH|O_DIRECTORY", unix.O_PATH|unix.O_DIRECTORY, t.dst).On(unix.ENOTDIR, none).OnAny(slow)
		t.p.Fail(unix.EISDIR)
		t.p.Here(none)
		t.openLoose(rel, at, "O_PATH", unix.O_PATH, t.dst).OnAny(slow)
	} else {
		t.openLoose(rel, at, "O_PATH|O_DIRECTORY", unix.O_PATH|unix.O_DIRECTORY, t.dst).OnAny(slow)
	}
	t.p.Jump(opened)
	t.p.Here(slow)
	t.parents(target, at)
	_, mode := t.modes()
	t.doing(StagePoint, sort(file), "")
	if file {
		t.makeFile(rel, at)
	} else {
		t.makeOne(rel, at, mode)
	}
	t.doing(StageMount, t.loose.detail, "")
	t.openLoose(rel, at, "O_PATH", unix.O_PATH, t.dst)
	t.p.Here(opened)
}

// parents makes sure that the folders above a target are there.
func (t *tree) parents(target string, at place) {
	rel := relative(target)
	dir, found, missing := above(rel), t.p.Label("parents"), t.p.Label("missing_parents")
	if strings.HasSuffix(rel, "/") { // the last name, too, is one of a folder above nothing
		dir = strings.TrimRight(rel, "/")
	}
	if dir == "." {
		return
	}
	t.doing(StageParents, "", "")
	t.openLoose(dir, at, "O_PATH|O_DIRECTORY", unix.O_PATH|unix.O_DIRECTORY, t.loose.dir).On(unix.ENOENT, missing)
	t.p.Close(t.loose.dir)
	t.p.Jump(found)
	t.p.Here(missing)
	mode, _ := t.modes()
	for i := range len(dir) + 1 {
		if i == len(dir) || dir[i] == '/' && i > 0 && dir[i-1] != '/' {
			t.makeOne(dir[:i], at, mode)
		}
	}
	t.p.Here(found)
}

// makeOne makes sure that there is a folder at a path, whose parents are there. A symlink to
// nothing is passed over, as whatever needs it will fail.
func (t *tree) makeOne(rel string, at place, mode uint32) {
	if rel == "." {
		return
	}
	there, done := t.p.Label("there"), t.p.Label("is_folder")
	name := t.within(rel, at)
	t.p.Call(unix.SYS_MKDIRAT, t.loose.dir, name, mode).On(unix.EEXIST, there)
	t.p.Close(t.loose.dir)
	t.p.Jump(done)
	t.p.Here(there)
	t.p.Close(t.loose.dir)
	t.openLoose(rel, at, "O_PATH|O_DIRECTORY", unix.O_PATH|unix.O_DIRECTORY, t.loose.dir).On(unix.ENOENT, done)
	t.p.Close(t.loose.dir)
	t.p.Here(done)
}

// within opens the folder that the last name of a path is in.
func (t *tree) within(rel string, at place) (name string) {
	rel = strings.TrimRight(rel, "/")
	t.openLoose(above(rel), at, "O_PATH|O_DIRECTORY", unix.O_PATH|unix.O_DIRECTORY, t.loose.dir)
	return rel[strings.LastIndexByte(rel, '/')+1:]
}

// above is a path without its last name, "." if it has no other. Nothing is made shorter:
// "a/.." is another folder than "." if a is a symlink, and none if there is no a.
func above(rel string) string {
	rel = strings.TrimRight(rel, "/")
	if i := strings.LastIndexByte(rel, '/'); i > 0 {
		return strings.TrimRight(rel[:i], "/")
	}
	return "."
}

// makeFile makes sure that there is something at a path that is no folder, an empty file if
// there was nothing.
func (t *tree) makeFile(rel string, at place) {
	missing, done := t.p.Label("missing_file"), t.p.Label("is_file")
	t.openLoose(rel, at, "O_PATH|O_DIRECTORY", unix.O_PATH|unix.O_DIRECTORY, t.dst).On(unix.ENOTDIR, done).On(unix.ENOENT, missing)
	t.p.Fail(unix.EISDIR)
	t.p.Here(missing)
	t.openMaking(rel, at, "O_CREAT|O_WRONLY", unix.O_CREAT|unix.O_WRONLY, 0o444, t.dst)
	t.p.Close(t.dst)
	t.p.Here(done)
}

// sort is the detail of StagePoint.
func sort(file bool) string {
	if file {
		return "file"
	}
	return "folder"
}

// createParents makes what is missing above a known place.
func (t *tree) createParents(at place) {
	above, _ := t.modes()
	t.createWith(at.parent(), false, StageParents, above, above)
}
