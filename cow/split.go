package cow

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/internal/procfs"
)

// The kernel takes no folder as a layer of an overlay below which others have mounted
// something: whoever cannot unmount that could see what lies under it. Such a folder is
// split: each folder in it that has no mount below it becomes an overlay of its own, and
// each mount point too. What is left are the folders on the way to the mount points.
// Of those the files that lie directly in them are copied, bounded, and the copy is the
// lower layer of an overlay for the folder itself.

const (
	maxParts      = 200      // overlays that one folder is split into
	maxCopied     = 1000     // files that are copied for one run
	maxCopiedSize = 64 << 20 // bytes
)

// SplitError says why a folder with mounts below it cannot be copy-on-write.
type SplitError struct {
	Dir    string // with mounts below it
	Below  string // one of them
	Reason string
}

func (e *SplitError) Error() string {
	return fmt.Sprintf("%s: %s is mounted below it, so the folder has to be taken apart, and %s", e.Dir, e.Below, e.Reason)
}

// mountPoints are the caller's mount points; nil if they cannot be told, or if the text
// that tells them shows that none is below a folder of a plain name.
func mountPoints(dirs []Layer) (points []string) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || !slices.ContainsFunc(dirs, func(l Layer) bool {
		return strings.ContainsAny(l.Dir, " \t\n\\#") || bytes.Contains(text, []byte(" "+strings.TrimSuffix(l.Dir, "/")+"/"))
	}) {
		return nil
	}
	list, _ := procfs.ParseMountinfo(text)
	for _, m := range list {
		points = append(points, m.Point)
	}
	return points
}

// takeApart returns the layers for a folder: itself, or its parts if something is mounted
// below it, those first that lie further out.
func takeApart(l Layer, points []string) ([]Layer, error) {
	onTheWay := map[string]bool{}
	first := ""
	for _, p := range points {
		if !strings.HasPrefix(p, strings.TrimSuffix(l.Dir, "/")+"/") {
			continue
		}
		if _, err := os.Lstat(p); err != nil {
			continue // it is covered by another mount
		}
		first = p
		for dir := filepath.Dir(p); within(l.Dir, dir); dir = filepath.Dir(dir) {
			onTheWay[dir] = true
			if dir == "/" {
				break
			}
		}
	}
	if first == "" {
		return []Layer{l}, nil
	}
	var dirs []string
	for dir := range onTheWay {
		dirs = append(dirs, dir)
		list, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			if name := filepath.Join(dir, e.Name()); e.IsDir() && !onTheWay[name] {
				dirs = append(dirs, name)
			}
		}
	}
	if len(dirs) > maxParts {
		return nil, &SplitError{l.Dir, first, fmt.Sprintf("it has more than %d parts", maxParts)}
	}
	slices.Sort(dirs)
	var parts []Layer
	for _, dir := range dirs {
		part, err := layerOf(dir)
		if err != nil {
			return nil, err
		}
		part.Part, part.Split = l.Dir, onTheWay[dir]
		parts = append(parts, part)
	}
	return parts, nil
}
