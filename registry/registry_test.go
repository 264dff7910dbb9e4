package registry

// A name belongs to one sandbox as long as it lives, however it ends; folders that are
// not the user's alone are refused; a process's number counts only with its start.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain plays a supervisor that claims a name and waits to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CLAIM"); dir != "" {
		r, err := OpenAt(dir)
		if err == nil {
			_, err = r.Claim("box")
		}
		fmt.Println(err)
		time.Sleep(time.Minute)
		return
	}
	os.Exit(m.Run())
}

func open(t *testing.T) *Registry {
	t.Helper()
	r, err := OpenAt(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestClaim(t *testing.T) {
	r := open(t)
	e, err := r.Claim("box")
	if err != nil {
		t.Fatal(err)
	}
	var taken *TakenError
	if _, err := r.Claim("box"); !errors.As(err, &taken) { // before it has a state, too
		t.Errorf("claimed twice: %v", err)
	}
	if list, err := r.List(); err != nil || len(list) != 1 || !list[0].Started.IsZero() || list[0].Supervisor.PID != os.Getpid() {
		t.Errorf("before it is started: %v, %v", list, err)
	}
	e.Command, e.UID = []string{"a", "b c"}, 7
	if err := e.Save(); err != nil {
		t.Fatal(err)
	}
	got, err := r.Get("box")
	if err != nil || !got.Alive() || got.UID != 7 || strings.Join(got.Command, ",") != "a,b c" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := r.Clear(got); !errors.As(err, &taken) {
		t.Errorf("cleared while it runs: %v", err)
	}
	if err := e.Release(&Ended{ExitCode: 3}); err != nil {
		t.Fatal(err)
	}
	if list, _ := r.List(); len(list) != 1 || list[0].Alive() || list[0].Ended.ExitCode != 3 {
		t.Errorf("after its end: %+v", list)
	}
	second, err := r.Claim("box") // the name is free again
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Release(nil); err != nil {
		t.Fatal(err)
	}
	var none *NotFoundError
	if _, err := r.Get("box"); !errors.As(err, &none) {
		t.Error(err)
	}
	for _, bad := range []string{"", ".", "..", "a/b", "-a", ".lock", "a\nb", strings.Repeat("x", 64)} {
		if _, err := r.Claim(bad); err == nil {
			t.Errorf("%q was claimed", bad)
		}
		if _, err := r.Get(bad); err == nil {
			t.Errorf("%q was found", bad)
		}
	}
}

func TestCrash(t *testing.T) {
	r := open(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "CLAIM="+r.dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 6)
	out.Read(line)
	if string(line) != "<nil>\n" {
		t.Fatalf("%q", line)
	}
	list, err := r.List()
	if err != nil || len(list) != 1 || !list[0].Alive() {
		t.Fatalf("%v, %v", list, err)
	}
	fd, err := list[0].Supervisor.Open()
	if err != nil || fd < 0 || list[0].Supervisor.PID != cmd.Process.Pid {
		t.Errorf("%d, %v", fd, err)
	}
	other := list[0].Supervisor
	other.Start++ // the number, reused
	if _, err := other.Open(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("another process's number: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if _, err := list[0].Supervisor.Open(); !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	if list[0].Alive() {
		t.Error("it counts as alive after it was killed")
	}
	if list, err := r.List(); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	if left, _ := os.ReadDir(r.dir); len(left) != 1 { // .lock
		t.Errorf("%v are left", left)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for name, prepare := range map[string]func(string) error{
		"open":    func(d string) error { return errors.Join(os.Mkdir(d, 0o700), os.Chmod(d, 0o750)) },
		"symlink": func(d string) error { return os.Symlink(dir, d) },
		"file":    func(d string) error { return os.WriteFile(d, nil, 0o600) },
	} {
		d := filepath.Join(dir, name)
		if err := prepare(d); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenAt(d); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if os.Geteuid() != 0 {
		if _, err := OpenAt("/"); err == nil {
			t.Error("root's folder was accepted")
		}
	}
}

func TestParseStart(t *testing.T) {
	for _, c := range []struct {
		stat string
		want uint64
	}{
		{"1 (a) b) (c) S 0 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 77 99\n", 77},
		{"1 (a", 0},
		{"", 0},
		{"1 (a) S 0", 0},
	} {
		if got, err := parseStart([]byte(c.stat)); got != c.want || (err == nil) != (c.want != 0) {
			t.Errorf("%q: %d, %v", c.stat, got, err)
		}
	}
}

func TestLog(t *testing.T) {
	r := open(t)
	e, err := r.Claim("box")
	if err != nil {
		t.Fatal(err)
	}
	l, err := e.NewLog()
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	for i := range 20 {
		chunk[0] = byte(i)
		if _, err := l.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	now, _ := os.ReadFile(e.Path("log"))
	before, _ := os.ReadFile(e.Path("log.1"))
	if len(now) != 4<<20 || len(before) != 8<<20 || now[0] != 16 || before[0] != 8 {
		t.Errorf("%d and %d bytes", len(now), len(before))
	}
}

// Another sandbox that sees the folder plants symlinks: nothing behind them is written.
func TestPlantedLinks(t *testing.T) {
	r := open(t)
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := r.Claim("box")
	if err != nil {
		t.Fatal(err)
	}
	plant := func() {
		for _, name := range []string{"log", "log.1", "state.json.new", "state.json"} {
			os.Remove(e.Path(name))
			if err := os.Symlink(victim, e.Path(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	plant()
	l, err := e.NewLog()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := l.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	plant()
	if err := e.Save(); err != nil {
		t.Fatal(err)
	}
	plant()
	if _, err := r.Get("box"); err == nil {
		t.Error("a state behind a symlink was read")
	}
	if list, err := r.List(); err != nil || len(list) != 0 || !e.Alive() {
		t.Errorf("%v, %v", list, err)
	}
	if err := e.Release(&Ended{}); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(victim); string(text) != "whole" {
		t.Errorf("the victim holds %.20q", text)
	}
}

// Many at once claim, look and give back.
func TestRaces(t *testing.T) {
	r := open(t)
	end := time.Now().Add(300 * time.Millisecond)
	done := make(chan error)
	for range 3 {
		go func() {
			var err error
			for err == nil && time.Now().Before(end) {
				e, claimed := r.Claim("box")
				var taken *TakenError
				switch {
				case claimed == nil:
					err = e.Release(nil)
				case !errors.As(claimed, &taken):
					err = claimed
				}
			}
			done <- err
		}()
		go func() {
			for time.Now().Before(end) {
				r.entry("box").Alive()
				r.List()
			}
			done <- nil
		}()
	}
	for range 6 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestUnreadable(t *testing.T) {
	r := open(t)
	e, err := r.Claim("box")
	if err != nil {
		t.Fatal(err)
	}
	// For root as well as for others: a lock that cannot be opened.
	if err := errors.Join(os.Remove(e.Path("lock")), os.Symlink("/dev/null", e.Path("lock"))); err != nil {
		t.Fatal(err)
	}
	if !r.entry("box").Alive() {
		t.Error("what cannot be told counts as dead")
	}
	r.List()
	if _, err := os.Stat(e.Path("state.json")); err != nil {
		t.Errorf("it was removed: %v", err)
	}
}
