package escape

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/internal/testhost"
	"github.com/usandbox/usandbox/sandbox"
)

// attack is one way to get at what was not given.
type attack struct {
	name    string
	tries   string
	defence string

	inside  func(*prisoner) // runs in the sandbox
	outside func(*scene)    // prepares, calls launch and compares; nil: only launch
	under   []string        // names of policies; nil: all but those that want to be named

	gives map[string]string // names of policies under which it succeeds, and why that is so
	ours  string            // why bubblewrap cannot be asked; "": it can
}

func (a *attack) testName() string { return strings.ReplaceAll(a.name, " ", "_") }

// triedUnder reports whether the attack is tried under a policy.
func (a *attack) triedUnder(v *variant) bool {
	switch {
	case v.name == bubblewrap:
		return a.peer() == ""
	case a.under == nil:
		return !v.named
	}
	return slices.Contains(a.under, v.name)
}

// attacks is the table: one list a subject, each in its own file.
var attacks = slices.Concat(procOne, descriptors, environment, walks, handles, identities, system, namespaces, links, gits, signals, hides,
	network, ipc, processes, keys, machine, resources, terminals, ownTerminals, filtered, landlocks, hosts, everyCall, reported())

func TestEscape(t *testing.T) {
	for _, p := range policies {
		if (p.name == bubblewrap) != (os.Getenv(peerVariable) != "") {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			probe := sandbox.Policy{}
			if !p.change(t, &probe) {
				return // this user cannot have it
			}
			for _, a := range attacks {
				if !a.triedUnder(&p) {
					continue
				}
				t.Run(a.testName(), func(t *testing.T) { a.try(t, p.name) })
			}
		})
	}
}

func (a *attack) try(t *testing.T, policy string) {
	s := newScene(t, a, policy)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s\ntries:   %s\ndefence: %s", a.name, a.tries, a.defence)
		}
	})
	if a.outside == nil {
		s.launch()
	} else {
		a.outside(s)
	}
	if policy == bubblewrap && !s.asked && !t.Failed() {
		t.Skip("skip: it is about usandbox's own set-up")
	}
}

// scene is what an attack plays in.
type scene struct {
	*testing.T
	attack *attack
	name   string // of the policy
	base   string // holds all that follows
	dir    string // the project: writable in the sandbox, and its working directory
	secret string // a folder beside it, with the file token
	token  string // what is in that file
	cmd    *sandbox.Cmd
	say    []string // arguments for the part inside
	asked  bool     // bubblewrap was
}

func newScene(t *testing.T, a *attack, name string) *scene {
	t.Helper()
	base, err := os.MkdirTemp(mine(), "scene-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	s := &scene{T: t, attack: a, name: name, base: base, token: rand.Text()}
	s.dir, s.secret = filepath.Join(base, "project"), filepath.Join(base, "secret")
	s.mkdir(base, s.dir, s.secret)
	s.write(filepath.Join(s.secret, "token"), s.token)
	if name == other { // everything but the base is theirs
		uid, gid := testhost.User()
		s.must(os.Chown(s.dir, int(uid), int(gid)))
		s.must(os.Chown(s.secret, int(uid), int(gid)))
	}
	s.prepare()
	return s
}

// prepare makes the command anew, for what is in the project now.
func (s *scene) prepare() {
	s.Helper()
	p, _ := policy(s.T, s.name, s.dir)
	s.cmd = &sandbox.Cmd{Args: []string{"/attack"}, Policy: p}
	if s.name == host { // where a program is used where it is
		s.cmd.Args[0] = program
	}
}

// patience is how long an attack may take.
const patience = 2 * time.Minute

// launch runs the part inside and returns what it printed, which has nothing of
// the secret in it.
func (s *scene) launch() string {
	s.Helper()
	s.cmd.Args = append(s.cmd.Args, s.say...)
	s.cmd.Env = append(sandbox.DefaultEnv(os.Environ()), s.role())
	defer time.AfterFunc(patience, s.cmd.Kill).Stop()
	var out []byte
	var err error
	switch {
	case s.name == bubblewrap:
		out, err = s.bubblewrap()
	case variantOf(s.name).enters:
		out, err = s.enter()
	default:
		out, err = s.cmd.CombinedOutput()
	}
	s.report(string(out), err)
	return string(out)
}

// enter runs the part inside as a command that enters a sandbox that is held.
func (s *scene) enter() ([]byte, error) {
	s.Helper()
	held := &sandbox.Cmd{Policy: s.cmd.Policy, Env: s.cmd.Env, Hold: true}
	if err := held.Start(); err != nil {
		return nil, err
	}
	defer held.Wait()
	defer held.Kill()
	r, w, err := os.Pipe()
	s.must(err)
	defer r.Close()
	e := &sandbox.Entry{Args: s.cmd.Args, Env: s.cmd.Env, Stdout: w, Stderr: w}
	if f, ok := s.cmd.Stdin.(*os.File); ok {
		e.Stdin = f
	}
	entered, err := held.Enter(e)
	w.Close()
	if err != nil {
		return nil, err
	}
	defer time.AfterFunc(patience, held.Kill).Stop()
	out, _ := io.ReadAll(r)
	return out, entered.Wait()
}

func (s *scene) role() string {
	return roleVariable + "=inside " + s.name + " " + s.attack.name
}

// report judges what the part inside printed.
func (s *scene) report(out string, err error) {
	s.Helper()
	var exit *sandbox.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		s.Errorf("the sandbox did not start: %v", err)
	case err != nil:
		s.Errorf("the attack ended with %v", err)
	case !strings.Contains(out, finished):
		s.Errorf("the attack did not come to its end")
	}
	s.noSecret(out)
	if s.Failed() {
		s.Logf("%s", out)
	}
}

// noSecret fails the test if the secret is in text.
func (s *scene) noSecret(text string) {
	s.Helper()
	if strings.Contains(text, s.token) {
		s.Errorf("the secret got out")
	}
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) mkdir(dirs ...string) {
	s.Helper()
	for _, dir := range dirs {
		s.must(os.MkdirAll(dir, 0o755))
		s.must(os.Chmod(dir, 0o755))
	}
}

func (s *scene) write(name, text string) {
	s.Helper()
	s.mkdir(filepath.Dir(name))
	s.must(os.WriteFile(name, []byte(text), 0o644))
}

func (s *scene) symlink(text, name string) {
	s.Helper()
	s.must(os.Symlink(text, name))
}

func (s *scene) path(names ...string) string {
	return filepath.Join(append([]string{s.dir}, names...)...)
}

// theirs gives everything in the project to the user that the sandbox is outside.
func (s *scene) theirs() {
	s.Helper()
	if s.name != other {
		return
	}
	uid, gid := testhost.User()
	s.must(filepath.WalkDir(s.dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, int(uid), int(gid))
	}))
}
