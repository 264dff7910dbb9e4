package cow

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Bounds on what is compared to tell renames.
const (
	maxCandidates = 8
	maxCompared   = 256 << 20 // bytes
)

// sameFile is what a renamed file keeps.
type sameFile struct {
	size  int64
	mtime Time
}

// renames finds the deleted files whose contents were added under another name. The
// kernel does not tell: a renamed file of the host is a copy and a deletion.
func (w *walker) renames() {
	byTime, bySize, byText := map[sameFile][]int{}, map[int64][]int{}, map[string][]int{}
	links := map[string]int{} // how many were added with that text
	for i := range w.out {
		c := &w.out[i]
		switch {
		case c.Kind == Deleted && c.Old.Type() == unix.S_IFREG && c.Old.Size > 0:
			key := sameFile{c.Old.Size, c.Old.Mtime}
			byTime[key] = append(byTime[key], i)
			bySize[c.Old.Size] = append(bySize[c.Old.Size], i)
		case c.Kind == Deleted && c.Old.Type() == unix.S_IFLNK:
			byText[c.Old.Target] = append(byText[c.Old.Target], i)
		case c.Kind == Added && c.New.Type() == unix.S_IFLNK:
			links[c.New.Target]++
		}
	}
	if len(bySize)+len(byText) == 0 {
		return
	}
	left := int64(maxCompared)
	for i := range w.out {
		c := &w.out[i]
		if c.Kind != Added {
			continue
		}
		var from int
		switch {
		case c.New.Type() == unix.S_IFLNK && links[c.New.Target] == 1 && len(byText[c.New.Target]) == 1:
			from = byText[c.New.Target][0]
		case c.New.Type() == unix.S_IFREG && c.New.Size > 0 && c.inode == 0:
			from = w.source(c, byTime[sameFile{c.New.Size, c.New.Mtime}], &left)
			if few := bySize[c.New.Size]; from < 0 && len(few) <= maxCandidates {
				from = w.source(c, few, &left)
			}
			if from < 0 {
				continue
			}
		default:
			continue
		}
		c.From, w.out[from].To = w.out[from].Path, c.Path
	}
	w.renamedFolders()
}

// source is the index of the first candidate, one with the same last component before
// others, that has the contents of an added file; -1 if none has.
func (w *walker) source(c *Change, candidates []int, left *int64) int {
	_, base := cutPath(c.Path)
	tried := 0
	for _, named := range []bool{true, false} {
		for _, i := range candidates {
			d := &w.out[i]
			if _, b := cutPath(d.Path); d.To != "" || (b == base) != named {
				continue
			}
			if tried++; tried > maxCandidates || *left < c.New.Size {
				return -1
			}
			*left -= c.New.Size
			if w.samePaths(c.Path, d.Path) {
				return i
			}
		}
	}
	return -1
}

// samePaths compares a file of the upper folder with one of the host.
func (w *walker) samePaths(upper, host string) bool {
	x, err := openFile(w.upper, upper)
	if err != nil {
		return false
	}
	defer x.Close()
	y, err := openFile(w.host, host)
	if err != nil {
		return false
	}
	defer y.Close()
	same, err := w.compare.same(x, y)
	return same && err == nil
}

// renamedFolders finds the folders all of whose files were renamed to the same names
// in another folder.
func (w *walker) renamedFolders() {
	index := map[string]int{}
	for i := range w.out {
		index[w.out[i].Path] = i
	}
	for i := 0; i < len(w.out); i++ {
		c := &w.out[i]
		if c.Kind != Added || c.New.Type() != unix.S_IFDIR || c.From != "" {
			continue
		}
		end := w.end(i)
		from := ""
		for j := i + 1; j < end && from == ""; j++ {
			from, _ = strings.CutSuffix(w.out[j].From, strings.TrimPrefix(w.out[j].Path, c.Path))
			if from == w.out[j].From {
				from = ""
			}
		}
		f, ok := index[from]
		if !ok || from == "" || w.out[f].Kind != Deleted || w.out[f].To != "" || w.end(f)-f != end-i {
			continue
		}
		if w.moved(i, f, end-i) {
			for k := range end - i {
				w.out[i+k].From, w.out[f+k].To = w.out[f+k].Path, w.out[i+k].Path
			}
		}
	}
}

// moved reports whether n entries from a on are those from d on, under another folder.
func (w *walker) moved(a, d, n int) bool {
	for k := 1; k < n; k++ {
		x, y := &w.out[a+k], &w.out[d+k]
		if x.Kind != Added || y.Kind != Deleted || x.New.Type() != y.Old.Type() ||
			strings.TrimPrefix(x.Path, w.out[a].Path) != strings.TrimPrefix(y.Path, w.out[d].Path) ||
			x.New.Type() != unix.S_IFDIR && x.From != y.Path && !bothEmpty(x, y) {
			return false
		}
	}
	return true
}

// bothEmpty reports whether two empty files have no other partner.
func bothEmpty(a, d *Change) bool {
	return a.New.Type() == unix.S_IFREG && a.New.Size == 0 && d.Old.Size == 0 && a.From == "" && d.To == ""
}

// end is behind the last entry below entry i.
func (w *walker) end(i int) int {
	j := i + 1
	for j < len(w.out) && strings.HasPrefix(w.out[j].Path, w.out[i].Path+"/") {
		j++
	}
	return j
}
