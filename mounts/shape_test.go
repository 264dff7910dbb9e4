package mounts

// Where a path leads to in the tree that the steps have built so far: symlinks of
// our own are followed, of a mount of the host nothing is assumed.

import (
	"reflect"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/launch"
)

func TestResolve(t *testing.T) {
	var (
		folder   = node{kind: ownFolder}
		file     = node{kind: ownFile}
		writable = node{kind: foreign, source: "/src", writable: true}
		readOnly = node{kind: foreign, source: "/usr"}
		shown    = node{kind: foreign, file: true}
	)
	root := node{kind: ownFolder, fd: launch.New(3).Var("fs")} // of a file system of our own
	link := func(to string) node { return node{kind: ownLink, link: to} }
	s := shapeOf(map[string]node{
		"/own": folder, "/own/file": file, "/own/deep": folder,
		"/w": writable, "/w/in/ro": readOnly, "/w/tmp": root, "/w/tmp/x": folder, "/w/f": shown,
		"/abs": link("/own/deep"), "/rel": link("own"), "/own/up": link("../w"), "/own/self": link("."), "/own/abs": link("/w"),
		"/into": link("w/some"), "/here": link("."), "/dangling": link("/none"), "/slashes": link("//own///deep/"),
		"/loop": link("loop"), "/ping": link("pong"), "/pong": link("ping"), "/beyond": link("../../../own"),
	})
	in := func(path, cover string, mount node) place { return place{path: path, cover: cover, mount: mount} }
	for target, want := range map[string]place{
		"/":                {path: "/", node: folder, exists: true},
		"/own":             {path: "/own", node: folder, exists: true},
		"//own//deep/":     {path: "/own/deep", node: folder, exists: true},
		"/own/file":        {path: "/own/file", node: file, exists: true},
		"/own/new":         {path: "/own/new", missing: 1},
		"/own/new/er/est":  {path: "/own/new/er/est", missing: 3},
		"/new":             {path: "/new", missing: 1},
		"/own/../own/file": {path: "/own/file", node: file, exists: true},
		"/own/new/../deep": {path: "/own/deep", node: folder, exists: true},
		"/../../own":       {path: "/own", node: folder, exists: true},
		// A mount of the host, and what lies in it.
		"/w":            {path: "/w", node: writable, exists: true, cover: "/w", mount: writable},
		"/w/any":        in("/w/any", "/w", writable),
		"/w/any/thing":  in("/w/any/thing", "/w", writable),
		"/w/in":         in("/w/in", "/w", writable),
		"/w/in/ro":      {path: "/w/in/ro", node: readOnly, exists: true, cover: "/w/in/ro", mount: readOnly},
		"/w/in/ro/x":    in("/w/in/ro/x", "/w/in/ro", readOnly),
		"/w/in/ro/../y": in("/w/in/y", "/w", writable),
		"/w/../own":     {path: "/own", node: folder, exists: true},
		// Our own file system in a mount of the host.
		"/w/tmp":         {path: "/w/tmp", node: root, exists: true, root: root.fd},
		"/w/tmp/x":       {path: "/w/tmp/x", node: folder, exists: true, root: root.fd, rel: "x"},
		"/w/tmp/y/z":     {path: "/w/tmp/y/z", missing: 2, root: root.fd, rel: "y/z"},
		"/w/tmp/x/../y":  {path: "/w/tmp/y", missing: 1, root: root.fd, rel: "y"},
		"/w/tmp/../tmp/": {path: "/w/tmp", node: root, exists: true, root: root.fd},
		"/w/tmp/../any":  in("/w/any", "/w", writable),
		"/w/tmp/../../a": {path: "/a", missing: 1},
		"/w/f":           {path: "/w/f", node: shown, exists: true, cover: "/w/f", mount: shown},
		// Symlinks of our own.
		"/abs":           {path: "/own/deep", node: folder, exists: true},
		"/abs/new":       {path: "/own/deep/new", missing: 1},
		"/abs/..":        {path: "/own", node: folder, exists: true},
		"/rel/file":      {path: "/own/file", node: file, exists: true},
		"/own/up/x":      in("/w/x", "/w", writable),
		"/own/abs/x":     in("/w/x", "/w", writable),
		"/own/self/self": {path: "/own", node: folder, exists: true},
		"/into/x":        in("/w/some/x", "/w", writable),
		"/into/../x":     in("/w/x", "/w", writable),
		"/slashes":       {path: "/own/deep", node: folder, exists: true},
		"/dangling":      {path: "/none", missing: 1},
		"/here":          {path: "/", node: folder, exists: true},
		"/here/own/new":  {path: "/own/new", missing: 1},
		"/./a/./b/.":     {path: "/a/b", missing: 2},
		"/w/./in/./ro/.": {path: "/w/in/ro", node: readOnly, exists: true, cover: "/w/in/ro", mount: readOnly},
		"/own/abs/tmp/y": {path: "/w/tmp/y", missing: 1, root: root.fd, rel: "y"},
		"/beyond":        {path: "/own", node: folder, exists: true},
	} {
		got, err := s.resolve(target)
		if !want.exists { // what node says is of no meaning then
			got.node = node{}
		}
		if want.cover != "" { // and neither is this
			got.root, got.rel = nil, ""
		} else if want.root == nil { // in the root's own file system
			want.root, want.rel = s.top, strings.TrimPrefix(want.path, "/")
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v\nwant %+v", target, got, err, want)
		}
	}
	for target, says := range map[string]string{
		"/loop": "/loop: too many symlinks", "/ping/x": "too many symlinks", "/own/file/x": "/own/file is a file", "/rel/file/x": "is a file",
		"/w/f/x": "/w/f/x lies below a file", "/w/f/x/y": "/w/f/x lies below a file",
	} {
		if at, err := s.resolve(target); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v", target, at, err)
		}
	}
}

func TestHost(t *testing.T) {
	src := node{kind: foreign, source: "/src"}
	for _, c := range []struct {
		at   place
		want string
		ok   bool
	}{
		{place{path: "/own"}, "", false},
		{place{path: "/w", cover: "/w", mount: src}, "/src", true},
		{place{path: "/w/a/b", cover: "/w", mount: src}, "/src/a/b", true},
		{place{path: "/proc/sys", cover: "/proc", mount: node{kind: foreign}}, "", false},
		{place{path: "/w/a", cover: "/w", mount: node{kind: foreign, source: "/"}}, "/a", true},
	} {
		if got, ok := c.at.host(); got != c.want || ok != c.ok {
			t.Errorf("%+v: %q, %v", c.at, got, ok)
		}
	}
}

// What is mounted over a path covers all that was known below it, and no more.
func TestSetCovers(t *testing.T) {
	s := shapeOf(map[string]node{"/a": {}, "/a/b": {}, "/a/b/c": {kind: ownFile}, "/ab": {kind: ownFile}})
	s.set("/a/b", node{kind: foreign})
	for p, want := range map[string]bool{"/a": true, "/a/b": true, "/a/b/c": false, "/ab": true, "/none": false} {
		if _, known := s.get(p); known != want {
			t.Errorf("%s is known: %v", p, known)
		}
	}
}
