package bwrap

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

var (
	sequences = flag.Int("sequences", 60, "how many random sequences of options to compare")
	seed      = flag.Uint64("seed", 1, "the first seed")
)

// sequence makes options at random. What is compared with follows absolute symlinks and
// refuses symlinks that are there already, as newer versions do not, so there are none.
func sequence(r *rand.Rand) ask {
	a := ask{args: base()}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	links := 0
	dest := func() string {
		return pick("/a", "/a/b", "/a/b/c", "/d", "/d/e", "/d/e/f", "/h", "/h/d", "/h/d/e", "/h/w", "/h/w/new/x", "/h/link/y", "/h/f",
			"/l1", "/l1/x", "/l2/y/z", "/l3", "/", "/a//b/", "/a/./b", "/d/../a/q", "/t", "/t/u", "d", "/usr/x")
	}
	source := func() string {
		return strings.ReplaceAll(pick("HOST", "HOST/d", "HOST/d/e", "HOST/w", "HOST/f", "HOST/link", "HOST/d/f", "d", "./f", "HOST/none", "HOST/dangling"), "HOST", host())
	}
	file := func() string {
		a.files = append(a.files, fmt.Sprintln("file", len(a.files)))
		return strconv.Itoa(2 + len(a.files))
	}
	add := func(args ...string) { a.args = append(a.args, args...) }
	perms := func() {
		if r.IntN(2) == 0 {
			add("--perms", pick("0700", "0755", "0750", "0", "7777", "644"))
		}
	}
	for range 1 + r.IntN(7) {
		switch r.IntN(14) {
		case 0, 1, 2:
			add(pick("--bind", "--ro-bind"), source(), dest())
		case 3:
			add(pick("--bind-try", "--ro-bind-try", "--dev-bind-try"), source(), dest())
		case 4, 5:
			perms()
			add("--tmpfs", dest())
		case 6, 7:
			perms()
			add("--dir", dest())
		case 8:
			perms()
			add("--file", file(), dest())
		case 9:
			perms()
			add(pick("--bind-data", "--ro-bind-data"), file(), dest())
		case 10:
			if links < 3 && !strings.Contains(strings.Join(a.args, " "), "/l"+strconv.Itoa(links+1)) {
				links++
				add("--symlink", pick("a", "d/e", "h/d", "nowhere"), "/l"+strconv.Itoa(links))
			}
		case 11:
			add("--chmod", pick("0711", "0500", "1777"), dest())
		case 12:
			add("--remount-ro", dest())
		case 13:
			add(strings.Fields(pick("--proc /proc", "--dev /dev", "--dev /a/proc", "--dev /h/w"))...)
		}
	}
	for _, option := range []string{"--unshare-pid", "--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--new-session", "--die-with-parent", "--disable-userns"} {
		if r.IntN(4) == 0 {
			add(option)
		}
	}
	return a
}

func TestRandom(t *testing.T) {
	for n := range *sequences {
		s := *seed + uint64(n)
		t.Run(strconv.FormatUint(s, 10), func(t *testing.T) {
			sequence(rand.New(rand.NewPCG(s, 0))).with("", probed("")...).compare(t)
		})
	}
}
