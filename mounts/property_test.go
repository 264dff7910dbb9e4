package mounts

// Random trees. Whatever is asked for, in whatever order, and whichever sources
// are gone by then: what is made lies in file systems of the sandbox's own and is
// not even found by way of another, what is mounted is not covered by what was
// there before, every folder between a writable mount and one below it is a mount
// point, and every file descriptor is used while it is open. All of this is read
// from the steps alone, by a model that knows nothing of the compiler.

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/launch"
)

// randomEntries are entries over few names, so that they often meet; all of them
// in a folder that is granted, if there is one.
func randomEntries(r *rand.Rand, host, granted string) (list []Entry) {
	sources := []string{"/a", "/a/b", "/a/b/c", "/d", "/a/file", "/a/b/c/file", "", "/none"}
	names := []string{"a", "b", "c", "d", "file", "..", ".", "link", "dev", "null"}
	var earlier []string
	if granted != "" {
		list = append(list, Bind{Source: host, Target: granted, Writable: true})
	}
	target := func() string {
		var p strings.Builder
		p.WriteString(granted)
		if len(earlier) > 0 && r.Intn(2) == 0 { // in or over what is there
			p.Reset()
			p.WriteString(earlier[r.Intn(len(earlier))])
		} else if granted != "" && r.Intn(4) > 0 { // where a mount point is
			p.WriteString([]string{"/a", "/a/b", "/a/b/c"}[r.Intn(3)])
			earlier = append(earlier, p.String())
			return p.String()
		}
		for range 1 + r.Intn(3) {
			p.WriteString("/" + names[r.Intn(len(names))])
		}
		earlier = append(earlier, p.String())
		return p.String()
	}
	for range 1 + r.Intn(8) {
		switch r.Intn(17) {
		case 0, 1, 2, 3:
			list = append(list, Bind{Source: host + sources[r.Intn(len(sources))], Target: target(), Writable: r.Intn(2) == 0, Try: r.Intn(3) == 0})
		case 4:
			list = append(list, Tmpfs{Target: target(), Size: uint64(r.Intn(2)) * 4096})
		case 5:
			list = append(list, Dir{Target: target()})
		case 6:
			links := []string{"a", "../a", "/a/b", "/", "..", ".", "/c", "link"}
			list = append(list, Symlink{Link: links[r.Intn(len(links))], Target: target()})
		case 7:
			list = append(list, Hide{Target: target() + []string{"", "/"}[r.Intn(2)], Try: r.Intn(4) == 0})
		case 8:
			list = append(list, ReadOnly{Target: target(), Try: r.Intn(2) == 0})
		case 9:
			list = append(list, Dev{Target: target()})
		case 10:
			list = append(list, Proc{Target: target()})
		case 11, 12:
			list = append(list, File{Target: target(), Content: "text"})
		case 13:
			list = append(list, Dir{Target: target(), Mode: 0o700}, Chmod{Target: target(), Mode: 0o500})
		case 14:
			list = append(list, []Entry{Mqueue{Target: target()}, Sysfs{Target: target()}, Cgroupfs{Target: target(), Writable: true}}[r.Intn(3)])
		case 15:
			patterns := []string{"/*", "/?", "/**/file", "/**", "/[a-c]/*"}
			list = append(list, HideGlob{Pattern: target() + patterns[r.Intn(len(patterns))]})
		case 16:
			list = append(list, BindGlob{Pattern: host + []string{"/*", "/a/b/**/file", "/[ab]"}[r.Intn(3)], Bind: Bind{Target: target() + "/"}})
		}
	}
	return list
}

// model follows the steps of a program.
type model struct {
	gone   func() bool       // whether the source of a bind that may be missing is gone
	open   map[string]string // variables that hold an open file descriptor, and the call that it is from
	at     map[string]string // path in the new tree that a variable was opened at
	from   map[string]string // the fd of the root of the file system that it was opened in
	own    map[string]bool   // variables that hold a file system of our own
	hidden map[string]string // of those, the ones that something covers, and where
	mounts []mounted

	writable bool // the mount at hand
	ownClone bool // the mount at hand is of a folder of our own
	passed   bool // a source was gone
}

type mounted struct {
	path     string
	fd       string // of a file system of our own
	own      bool
	writable bool // of the host, and others may write there
}

func newModel(gone func() bool) *model {
	return &model{
		gone: gone, open: map[string]string{"old": "", "new": ""}, at: map[string]string{"new": "/"}, from: map[string]string{},
		own: map[string]bool{"new": true}, hidden: map[string]string{},
	}
}

// lies is the mount that a path in the new tree lies in.
func (m *model) lies(p string) mounted {
	for i := len(m.mounts) - 1; i >= 0; i-- { // a later one lies over an earlier one
		if mp := m.mounts[i].path; isIn(p, mp) {
			return m.mounts[i]
		}
	}
	return mounted{path: "/", fd: "new", own: true}
}

func isIn(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

// mount mounts what tree holds on p, which was found by the fd of root.
func (m *model) mount(p, root string) error {
	if p == "/" {
		return fmt.Errorf("mounted on the root, below which nothing will find it")
	}
	if on, ok := m.hidden[root]; ok {
		return fmt.Errorf("mounted where nobody sees it: %s is covered on %s", root, on)
	}
	for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
		if in := m.lies(dir); in.writable && in.path != dir {
			return fmt.Errorf("%s can be renamed, and so %s walked around", dir, p)
		}
	}
	for fd := range m.own {
		if on, ok := m.at[fd]; ok && fd != "tree" && isIn(on, p) {
			m.hidden[fd] = p
		}
	}
	m.at["tree"] = p
	m.mounts = append(m.mounts, mounted{path: p, own: m.own["tree"], writable: m.writable})
	return nil
}

// made looks at something that is made at a path below an fd.
func (m *model) made(fd, name string) error {
	if fd == "AT_FDCWD" { // the base; nothing is mounted in it but the two trees
		if !inBase.MatchString(name) {
			return fmt.Errorf("made outside of what is known")
		}
		return nil
	}
	if !m.own[fd] {
		return fmt.Errorf("made in %s, which is no file system of our own", fd)
	}
	if on, ok := m.hidden[fd]; ok {
		return fmt.Errorf("made where nobody sees it: %s is covered on %s", fd, on)
	}
	if !plain(name) {
		return fmt.Errorf("made by the path %q", name)
	}
	if in := m.lies(path.Dir(path.Join(m.at[fd], name))); !in.own {
		return fmt.Errorf("made in the mount on %s", in.path)
	} else if in.fd != fd {
		return fmt.Errorf("made by a path of %s that leads into the mount on %s", fd, in.path)
	}
	return nil
}

// opened looks at a destination that is opened by a path below an fd.
func (m *model) opened(fd, name string, exact bool) error {
	if name != "." && !plain(name) {
		return fmt.Errorf("opened by the path %q", name)
	}
	if !m.own[fd] {
		return fmt.Errorf("opened in %s", fd)
	}
	in := m.lies(path.Join(m.at[fd], name))
	switch {
	case (in.own && !m.passed || in.writable || fd != "new") && !exact: // where a source is gone, its mount was taken for one of the host's
		return fmt.Errorf("a symlink in the mount on %s would be followed", in.path)
	case in.own && in.fd != fd && !m.passed:
		return fmt.Errorf("opened by a path of %s that leads into the mount on %s", fd, in.path)
	case fd != "new" && in.fd != fd:
		return fmt.Errorf("opened by a path of %s that leads out of it, into the mount on %s", fd, in.path)
	}
	return nil
}

// plain reports whether a path leads straight down.
func plain(name string) bool { return name != "" && path.Clean("/"+name) == "/"+name && name != ".." }

var (
	inBase = regexp.MustCompile(`^/(f?[0-9]+|empty|nothing)$`)
	isFd   = regexp.MustCompile(`^(old|new|src|dst|tree|fs|fs_[0-9]+)$`)
	isKept = regexp.MustCompile(`^fs_[0-9]+$`)
)

// step follows one step, says what is wrong with it, and the label it jumps to.
func (m *model) step(s *launch.Step) (jump string, err error) {
	text, on, _ := strings.Cut(s.String(), "; ")
	if to, ok := strings.CutPrefix(text, "goto "); ok {
		return to, nil
	}
	if strings.HasPrefix(text, "if written ") { // it is
		_, to, _ := strings.Cut(text, " goto ")
		return to, nil
	}
	if to, ok := strings.CutPrefix(text, "tree + 0 = "); ok { // the fd gets another name
		switch {
		case m.holds(to):
			return "", fmt.Errorf("%s is still open", to)
		case !m.holds("tree"):
			return "", fmt.Errorf("tree is not open")
		case isKept.MatchString(to) && m.ownClone: // to be found by its fd from now on
			m.own["tree"] = true
			m.mounts[len(m.mounts)-1].own = true
		case isKept.MatchString(to) != m.own["tree"] && to != "dst":
			return "", fmt.Errorf("%s is kept", m.open["tree"])
		}
		m.open[to], m.at[to], m.from[to] = m.open["tree"], m.at["tree"], to
		if m.own["tree"] && to != "dst" {
			m.own[to] = true
			m.mounts[len(m.mounts)-1].fd = to
		}
		m.close("tree")
		return "", nil
	}
	text, result, _ := strings.Cut(text, ") = ")
	call, args, ok := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	if !ok {
		return "", fmt.Errorf("a step that is not known")
	}
	f := strings.Split(args, ", ")
	for _, name := range f {
		if isFd.MatchString(name) && !m.holds(name) {
			return "", fmt.Errorf("%s is not open", name)
		}
	}
	if result != "" {
		if m.holds(result) {
			return "", fmt.Errorf("%s is still open", result)
		}
		if call != "openat2" && call != "write" && !strings.Contains(args, "CLOEXEC") { // openat2 has it in a struct
			return "", fmt.Errorf("%s is left to the command", result)
		}
	}
	name := func(i int) string { return strings.Trim(f[i], `"`) }
	exact := strings.Contains(text, "RESOLVE_NO_SYMLINKS")
	switch call {
	case "close":
		if isKept.MatchString(f[0]) || f[0] == "old" || f[0] == "new" {
			return "", fmt.Errorf("closed too early")
		}
		m.close(f[0])
	case "mount_setattr":
		if f[0] != "tree" {
			return "", fmt.Errorf("attributes of %s are changed", f[0])
		}
		if strings.Contains(text, "{ro}") || strings.Contains(text, ",ro,") {
			m.writable, m.ownClone = false, false
		}
	case "openat2":
		if strings.HasPrefix(on, "ENOENT: gone ") && m.gone() {
			m.passed = true
			jump, _, _ := strings.Cut(strings.TrimPrefix(on, "ENOENT: "), "; ")
			return jump, nil
		}
		m.open[result] = call
		if f[0] == "old" {
			if result != "src" || !exact && !slices.Contains(devNodes, strings.TrimPrefix(name(1), "dev/")) {
				return "", fmt.Errorf("a source is opened as %s", result)
			}
			return "", nil
		}
		m.at[result], m.from[result] = path.Join(m.at[f[0]], name(1)), f[0]
		return "", m.opened(f[0], name(1), exact)
	case "open_tree":
		m.open[result], m.writable, m.ownClone = call, false, false
		switch f[0] {
		case "AT_FDCWD":
			if !inBase.MatchString(name(1)) {
				return "", fmt.Errorf("cloned from outside")
			}
			_, err := strconv.Atoi(name(1)[1:])
			m.own["tree"] = err == nil
		case "dst":
			in := m.lies(path.Join(m.at["dst"], name(1)))
			m.writable, m.ownClone = in.writable, in.own
		case "src":
			m.writable = true // until it is set otherwise
		default:
			return "", fmt.Errorf("cloned from %s", f[0])
		}
	case "fsopen":
		m.open[result], m.ownClone = call, false
		m.own[result] = name(0) == "tmpfs"
	case "fsconfig":
	case "fsmount":
		m.open[result], m.writable = call, false
		m.own[result] = m.own[f[0]]
	case "move_mount":
		if f[0] != "tree" || !isFd.MatchString(f[2]) || f[2] == "old" || f[2] == "new" {
			return "", fmt.Errorf("%s is moved to %s", f[0], f[2])
		}
		if f[2] == "dst" {
			return "", m.mount(path.Join(m.at["dst"], name(3)), m.from["dst"])
		}
		if in := m.lies(path.Dir(path.Join(m.at[f[2]], name(3)))); in.fd != f[2] {
			return "", fmt.Errorf("moved by a path into the mount on %s", in.path)
		}
		err := m.mount(path.Join(m.at[f[2]], name(3)), f[2])
		m.own["tree"] = false // nothing is to be made in it without an fd
		m.mounts[len(m.mounts)-1].own = false
		return "", err
	case "mkdirat", "mknodat":
		return "", m.made(f[0], name(1))
	case "openat": // a file of the base, to be written
		m.open[result] = call
		return "", m.made(f[0], name(1))
	case "write":
		if in := m.lies(m.at[f[0]]); m.open[f[0]] != "openat" && (!in.own || in.fd != m.from[f[0]]) {
			return "", fmt.Errorf("written to a file in the mount on %s", in.path)
		}
	case "fchmodat":
		if name(1) == "." {
			if !m.own[f[0]] || m.hidden[f[0]] != "" {
				return "", fmt.Errorf("the mode of %s is changed", f[0])
			}
			return "", nil
		}
		return "", m.made(f[0], name(1))
	case "symlinkat":
		return "", m.made(f[1], name(2))
	default:
		return "", fmt.Errorf("a call that is not known")
	}
	return "", nil
}

func (m *model) holds(fd string) bool { _, ok := m.open[fd]; return ok }

func (m *model) close(fd string) {
	delete(m.open, fd)
	delete(m.at, fd)
	delete(m.from, fd)
	delete(m.own, fd)
}

// follow follows the steps of a tree, but not those that begin and end every one.
func (m *model) follow(p *launch.Program) error {
	steps := p.Steps()
	from, to := between(steps)
	for i := from; i < to; i++ {
		jump, err := m.step(steps[i])
		if err != nil {
			return fmt.Errorf("%s: %w", steps[i], err)
		}
		if jump == "" {
			continue
		}
		next := i + 1
		for next < to && !slices.Contains(p.LabelsAt(next), jump) {
			next++
		}
		if !slices.Contains(p.LabelsAt(next), jump) {
			return fmt.Errorf("%s: %s is nowhere", steps[i], jump)
		}
		i = next - 1
	}
	for fd := range m.open {
		if fd != "old" && fd != "new" && !isKept.MatchString(fd) { // the kept ones go when the command is executed
			return fmt.Errorf("%s is left open", fd)
		}
	}
	return nil
}

func TestRandomTrees(t *testing.T) { randomTrees(t, "") }

// A path through a folder of the host could be turned by whoever writes there,
// between the mount on it and what is made below.
func TestNothingMadeThroughGranted(t *testing.T) { randomTrees(t, "/x") }

var (
	seedFlag  = flag.Int64("seed", 0, "of the random trees; 0: the time")
	treesFlag = flag.Int("trees", 1500, "how many random trees are made")
)

func randomTrees(t *testing.T, granted string) {
	host := hostTree(t)
	seed := *seedFlag
	if seed == 0 {
		seed = time.Now().UnixNano()
	}
	r := rand.New(rand.NewSource(seed))
	made, gone, inOwn := 0, 0, 0
	for range *treesFlag {
		entries, err := Expand(randomEntries(r, host, granted))
		if err != nil {
			t.Fatal(err)
		}
		p, refused := launch.New(3), (*Error)(nil)
		for errors.As(Compile(p, entries), &refused) { // do without it
			i := slices.Index(entries, refused.Entry)
			entries = slices.Delete(entries, i, i+1)
			p = launch.New(3)
		}
		made += len(entries)
		for _, chance := range []int{0, 2, 1} { // no source is gone, some are, all that may
			may := false
			m := newModel(func() bool { may = true; return chance > 0 && r.Intn(chance) == 0 })
			if err := m.follow(p); err != nil {
				from, to := between(p.Steps())
				t.Fatalf("seed %d: %v\n%v\n%s", seed, entries, err, brief(host, p.Steps()[from:to]))
			}
			if m.passed {
				gone++
			}
			if chance == 0 && slices.ContainsFunc(slices.Collect(maps.Keys(m.open)), isKept.MatchString) {
				inOwn++
			}
			if !may {
				break
			}
		}
	}
	if made < 2**treesFlag || gone < *treesFlag/8 || inOwn < *treesFlag/6 {
		t.Errorf("the trees have %d entries, %d with sources that are gone, %d with file systems of their own", made, gone, inOwn)
	}
	t.Logf("seed %d: %d entries", seed, made)
}
