package cgroups

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usandbox/usandbox/limits"
)

// A scope of the user's systemd is there while the sandbox runs.
func TestScope(t *testing.T) {
	only(t, "systemd")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	in, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	c := shell(ctx, limits.Limits{Pids: 40}, "read go; cat /proc/self/cgroup")
	var out strings.Builder
	c.Stdin, c.Stdout = in, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	list := strings.Join(left(t), "\n")
	if !strings.Contains(list, ".scope") || !strings.Contains(list, "loaded active running") {
		t.Errorf("there is no scope:\n%s", list)
	}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", c.Pid()))
	if !strings.Contains(string(text), ".scope/usandbox-") {
		t.Errorf("outer is in %s", text)
	}
	hold.Close()
	if err := c.Wait(); err != nil || out.String() != "0::/\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	nothingLeft(t)
}

// Many at once leave nothing.
func TestMany(t *testing.T) {
	only(t, "systemd", "folder")
	var all sync.WaitGroup
	n := 200
	if how == "systemd" {
		n = 60 // it makes one after another: 200 take an emulated machine a minute, or three
	}
	for i := range n {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
			defer cancel()
			if err := shell(ctx, limits.Limits{Pids: 10, Memory: 64 << 20}, "exit 0").Run(); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	nothingLeft(t)
}

// What is killed at any moment leaves nothing that the next one does not remove.
func TestKilled(t *testing.T) {
	only(t, "systemd", "folder")
	for range 20 {
		cmd := usandbox("--pids", "20", "--", "sleep", "20")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(600)) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
	}
	time.Sleep(time.Second) // the sandboxes end by themselves, not at once
	if out, err := usandbox("--pids", "20", "--", "true").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	nothingLeft(t)
}

// A program that is alone in a cgroup of its own uses that, and leaves it as it was.
func TestOwn(t *testing.T) {
	only(t, "folder")
	// What it is made in hands on what the limits need; no run before this one has seen to it.
	if err := os.WriteFile(folder+"/cgroup.subtree_control", []byte("+memory +pids"), 0); err != nil {
		t.Fatal(err)
	}
	own := folder + "/own"
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(own)
	alone := func(args string) (string, error) {
		out, err := exec.Command("sh", "-c", fmt.Sprintf("echo $$ >%s/cgroup.procs && exec %s run --no-cwd %s", own, program, args)).CombinedOutput()
		return string(out), err
	}
	out, err := alone("--pids 20 --memory 64M -- sh -c 'cat /proc/self/cgroup; sleep 1; exit 5'")
	if err == nil || err.Error() != "exit status 5" || out != "0::/\n" {
		t.Errorf("%v, %s", err, out)
	}
	text, _ := os.ReadFile(own + "/cgroup.subtree_control")
	entries, _ := os.ReadDir(own)
	for _, e := range entries {
		if e.IsDir() {
			t.Errorf("%s is left", e.Name())
		}
	}
	if strings.TrimSpace(string(text)) != "" {
		t.Errorf("its subtree_control is %s", text)
	}
	for range 3 {
		begin := time.Now()
		if out, err := alone("-- true"); err != nil {
			t.Errorf("%v, %s", err, out)
		}
		plain := time.Since(begin)
		begin = time.Now()
		if out, err := alone("--pids 20 -- true"); err != nil {
			t.Errorf("%v, %s", err, out)
		}
		t.Logf("a run takes %v, a limited one %v", plain, time.Since(begin))
	}
}
