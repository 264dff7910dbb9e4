package sandbox

import (
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// raceRounds is how often a race is run; USANDBOX_RACE_ROUNDS=100000 for all of it.
func raceRounds(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("USANDBOX_RACE_ROUNDS")); err == nil {
		return n
	}
	return usual
}

// The folder that .git names, and those above it, are swapped with others while they
// are looked at: what is found is always the folder that links back, never the other.
func TestOuterGitRace(t *testing.T) {
	for name, swapped := range map[string]string{
		"the work tree's folder": "repo/.git/worktrees/tree",
		"the worktrees folder":   "repo/.git/worktrees",
		"the repository":         "repo/.git",
		"the .git file":          "tree/.git",
	} {
		for _, as := range []string{"a folder", "a symlink"} {
			t.Run(name+" and "+as, func(t *testing.T) {
				base := linked(t, false)
				// The other looks like git's, but links to nobody.
				if out, err := host(base, `cp -r repo other; echo /elsewhere/.git >other/.git/worktrees/tree/gitdir; mkdir spare`); err != nil {
					t.Fatal(out)
				}
				with := strings.Replace(base+"/"+swapped, "/repo/", "/other/", 1)
				switch {
				case swapped == "tree/.git":
					with = write(t, base+"/spare/git", "gitdir: "+base+"/other/.git/worktrees/tree\n", 0o644)
				case as == "a symlink":
					if err := os.Symlink(with, base+"/spare/link"); err != nil {
						t.Fatal(err)
					}
					with = base + "/spare/link"
				}
				right := GitFolder{
					Path: base + "/repo/.git", ID: idOf(t, base+"/repo/.git"),
					Own: base + "/repo/.git/worktrees/tree", OwnID: idOf(t, base+"/repo/.git/worktrees/tree"),
				}
				var stop atomic.Bool
				swaps := make(chan int)
				go func() {
					n := 0
					for ; !stop.Load() || n%2 == 1; n++ {
						unix.Renameat2(unix.AT_FDCWD, base+"/"+swapped, unix.AT_FDCWD, with, unix.RENAME_EXCHANGE)
						if n%16 == 1 || n%16 == 8 {
							time.Sleep(20 * time.Microsecond) // some looks are to find one state
						}
					}
					swaps <- n
				}()
				found, refused := 0, 0
				for i, n := 0, raceRounds(2000); i < n || i < 100*n && (found == 0 || refused == 0); i++ {
					g, err := OuterGit(base + "/tree")
					switch {
					case g != nil && !reflect.DeepEqual(*g, right):
						t.Fatalf("found %+v, want %+v", *g, right)
					case g != nil:
						found++
					case err == nil:
						t.Fatal("neither found nor refused")
					default:
						refused++
					}
				}
				stop.Store(true)
				t.Logf("%d found, %d refused, %d swaps", found, refused, <-swaps)
				if found == 0 || refused == 0 {
					t.Error("BUG: all ended alike, so no race was run")
				}
			})
		}
	}
}
