package escape

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// swap exchanges two names for as long as it is not told to stop.
func swap(a, b string, stop *atomic.Bool) (times int) {
	for ; !stop.Load(); times++ {
		unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
		if rand.N(4) == 0 { // some starts are to find the names in one state
			time.Sleep(rand.N(3 * time.Millisecond))
		}
	}
	return times
}

// A source in the writable project is swapped with a symlink to the secret while
// sandboxes start.
//
// Defence: the real path is looked up once and opened with RESOLVE_NO_SYMLINKS.
func TestSourceRace(t *testing.T) {
	for name, source := range map[string]string{"the source": "source", "its parent": "source/sub"} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, &attack{name: "race"}, build)
			s.write(s.path("source", "sub", "file"), "theirs")
			s.write(filepath.Join(s.secret, "sub", "token"), s.token)
			s.symlink(s.secret, s.path("other"))
			s.raced(mounts.Bind{Source: s.path(source), Target: "/shown"}, "source", "other", "cat /shown/token /shown/sub/token; true")
		})
	}
}

// The folder that a caller has opened, and shows by its descriptor, is swapped with
// another one while sandboxes start.
//
// Defence: the image compares what it has opened with what the caller had.
func TestIdentityRace(t *testing.T) {
	s := newScene(t, &attack{name: "race"}, build)
	s.write(s.path("source", "file"), "theirs")
	s.write(s.path("other", "token"), s.token)
	opened, err := os.Open(s.path("source"))
	s.must(err)
	defer opened.Close()
	id, err := mounts.FileIDOf(int(opened.Fd()))
	s.must(err)
	s.raced(mounts.Bind{Source: s.path("source"), Target: "/shown", Is: id}, "source", "other", "cat /shown/token; true")
}

// A destination, or a folder above it, is swapped by a second sandbox that has the
// project too, with a symlink to where the source shall not be seen.
//
// Defence: destinations in a writable mount are opened with RESOLVE_NO_SYMLINKS, and
// mounts are moved to what was opened.
func TestDestinationRace(t *testing.T) {
	for _, to := range []string{"/", "../../../..", "/etc", "/proc/1/root", "elsewhere"} {
		t.Run(to, func(t *testing.T) {
			s := newScene(t, &attack{name: "race"}, build)
			s.mkdir(s.path("target", "etc"), s.path("elsewhere", "etc"), filepath.Join(s.base, "gift"))
			s.write(filepath.Join(s.base, "gift", "gift"), "a gift")
			s.symlink(to, s.path("other"))
			script := `for f in /etc/gift /gift elsewhere/etc/gift elsewhere/gift; do test -e $f && echo "$f: ` + s.token + `"; done; true`
			for _, writable := range []bool{true, false} { // what is read-only has its way pinned
				gift := mounts.Bind{Source: filepath.Join(s.base, "gift"), Target: s.path("target", "etc"), Writable: writable}
				s.raced(gift, "target", "other", script)
			}
		})
	}
}

// What the .git file of a work tree names, and the folders above it, are swapped with
// a symlink to the secret, and with the secret itself, which looks like a repository.
//
// Defence: what is shown is compared with what was looked at, by device and inode.
func TestGitRace(t *testing.T) {
	for _, name := range []string{"repo/.git/worktrees/tree", "repo/.git/worktrees", "repo/.git", "repo"} {
		for _, as := range []string{"a folder", "a symlink"} {
			if as == "a folder" && strings.Contains(name, "worktrees") {
				continue // then the secret itself lies in what is to be shown
			}
			t.Run(name+" and "+as, func(t *testing.T) {
				s := newScene(t, &attack{name: "race"}, build)
				git := s.worktree()
				for _, part := range []string{"HEAD", "config", "objects/token", "refs/token"} {
					s.write(filepath.Join(s.secret, ".git", part), s.token)
				}
				s.write(filepath.Join(s.secret, ".git/worktrees/tree/gitdir"), "/elsewhere/.git\n")
				s.write(filepath.Join(s.secret, ".git/worktrees/tree/commondir"), "../..\n")
				s.write(filepath.Join(s.secret, ".git/worktrees/tree/token"), s.token)
				from := filepath.Join(s.base, name)
				to := filepath.Join(s.secret, strings.TrimPrefix(name, "repo"))
				if as == "a symlink" {
					s.symlink(to, filepath.Join(s.base, "link"))
					to = filepath.Join(s.base, "link")
				}
				var stop atomic.Bool
				times := make(chan int)
				go func() {
					n := swap(from, to, &stop)
					if n%2 == 1 {
						unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_EXCHANGE)
					}
					times <- n
				}()
				shown, left, refused := 0, 0, 0
				script := "cat " + git + "/*/token " + git + "/token " + git + "/worktrees/tree/token " + git + "/config 2>&1; test -e " + git + "/objects/x && echo shown; true"
				for i, n := 0, rounds(t, 60); i < n || i < 20*n && (shown == 0 || left+refused == 0); i++ {
					p, _ := policy(s.T, build, s.dir)
					cmd := &sandbox.Cmd{Args: []string{"/bin/sh", "-c", script}, Policy: p}
					out, err := cmd.CombinedOutput()
					switch {
					case err != nil:
						refused++
					case strings.Contains(string(out), "shown"):
						shown++
					default:
						left++
					}
					s.noSecret(string(out))
					if s.Failed() {
						s.Logf("%s", out)
						break
					}
				}
				stop.Store(true)
				t.Logf("%d shown, %d left out, %d refused, %d swaps", shown, left, refused, <-times)
				if shown == 0 || left+refused == 0 {
					t.Error("BUG: all ended alike, so no race was run")
				}
			})
		}
	}
}

// raced starts sandboxes with one more entry while a second sandbox swaps two
// names in the project.
func (s *scene) raced(e mounts.Entry, a, b, script string) {
	s.Helper()
	os.Remove(s.path("stop"))
	os.Remove(s.path("racing"))
	attacker := s.racer(a, b)
	gone := make(chan error, 1)
	go func() { gone <- attacker.Run() }()
	for i := 0; i < 2000 && !exists(s.path("racing")); i++ {
		pause()
	}
	mountsBefore := hostMounts(s.T)
	started, refused, why := 0, 0, map[string]int{}
	// More rounds where chance has let all of them end alike.
	for i, n := 0, rounds(s.T, 60); i < n || i < 20*n && (started == 0 || refused == 0); i++ {
		p, _ := policy(s.T, build, s.dir)
		p.Files = append(p.Files, e)
		cmd := &sandbox.Cmd{Args: []string{"/bin/sh", "-c", script}, Policy: p}
		out, err := cmd.CombinedOutput()
		if err != nil {
			refused++
			why[fmt.Sprint(err)]++
		} else {
			started++
		}
		s.noSecret(string(out))
		if s.Failed() {
			s.Logf("%s", out)
			break
		}
	}
	os.WriteFile(s.path("stop"), nil, 0o644)
	if err := <-gone; err != nil {
		s.Errorf("the attacker ended with %v", err)
	}
	same(s.T, mountsBefore, hostMounts(s.T))
	s.Logf("%d started, %d were refused: %v", started, refused, why)
	if started == 0 || refused == 0 {
		s.Error("BUG: all ended alike, so no race was run")
	}
}

// racer is a second sandbox on the same project.
func (s *scene) racer(a, b string) *sandbox.Cmd {
	p, _ := policy(s.T, build, s.dir)
	return &sandbox.Cmd{Args: []string{"/attack"}, Policy: p, Env: []string{roleVariable + "=swap " + a + " " + b}, Stderr: os.Stderr}
}

func init() {
	roles["swap"] = func(args []string) {
		os.WriteFile("racing", nil, 0o644)
		var stop atomic.Bool
		go func() {
			for ; !exists("stop"); time.Sleep(20 * time.Millisecond) {
			}
			stop.Store(true)
		}()
		times := swap(args[0], args[1], &stop)
		if times%2 == 1 {
			unix.Renameat2(unix.AT_FDCWD, args[0], unix.AT_FDCWD, args[1], unix.RENAME_EXCHANGE)
		}
		fmt.Println(times, "times")
	}
}
