package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

func accounted(t *testing.T, change func(*Cmd), script string) (*Cmd, *launch.Account) {
	t.Helper()
	c := Command("sh", "-c", script)
	c.Account = true
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if change != nil {
		change(c)
	}
	c.Run()
	if c.Result() == nil || c.Result().Account == nil {
		t.Fatalf("there is no account: %+v", c.Result())
	}
	return c, c.Result().Account
}

func TestAccount(t *testing.T) {
	_, a := accounted(t, nil, "head -c 5000000 /dev/zero | tail -c 4000000 > /dev/null; sleep 100 & sleep 100 & (sleep 100 &) ; exit 3")
	if !a.Whole || a.Left != 3 {
		t.Errorf("left: %+v", a)
	}
	if a.Written < 5000000 || a.Read < 5000000 || a.Written > 50000000 {
		t.Errorf("bytes: %+v", a)
	}
	if a.MaxRSS < 3<<20 || a.MaxRSS > 12<<20 { // tail keeps 4 MB
		t.Errorf("MaxRSS %d", a.MaxRSS)
	}
	if a.MinorFaults == 0 || a.Voluntary == 0 {
		t.Errorf("faults and switches: %+v", a)
	}
}

// The caller's own memory is not the command's: a child has it until it is executed.
func TestAccountOfLittle(t *testing.T) {
	mem := make([]byte, 64<<20)
	for i := 0; i < len(mem); i += 4096 {
		mem[i] = 1
	}
	_, a := accounted(t, nil, "true")
	if a.MaxRSS > 16<<20 || a.MaxRSS == 0 || a.Left != 0 {
		t.Errorf("%+v", a)
	}
	runtime.KeepAlive(mem)
}

// What is killed tells all the same, with the time that it used.
func TestAccountOfKilled(t *testing.T) {
	c := Command("sh", "-c", "trap '' TERM; sleep 100 & while :; do :; done")
	c.Account = true
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	start := time.Now()
	c.Kill()
	c.Wait()
	a := c.Result().Account
	if !a.Whole || a.Left != 1 || a.User+a.System < 20*time.Millisecond || time.Since(start) > patience {
		t.Errorf("after %v: %+v", time.Since(start), a)
	}
	if c.Result().Ending != EndedByKill || c.Result().Status.Signal() != unix.SIGKILL {
		t.Errorf("%+v", c.Result())
	}
}

func TestAccountNamespaces(t *testing.T) {
	var out strings.Builder
	list := "for k in user time pid mnt uts ipc net cgroup; do readlink /proc/self/ns/$k; done"
	for name, change := range map[string]func(*Cmd){
		"plain":         func(c *Cmd) {},
		"pid 1":         func(c *Cmd) { c.Policy.CommandIsInit = true },
		"shared":        func(c *Cmd) { c.Policy.Share = userns.SetOf(userns.Network) },
		"locked":        func(c *Cmd) { c.Policy.Capabilities = c.Policy.Capabilities.With(unix.CAP_SYS_ADMIN) },
		"entered later": func(c *Cmd) { c.Enterable = true },
	} {
		t.Run(name, func(t *testing.T) {
			out.Reset()
			c, _ := accounted(t, func(c *Cmd) { c.Stdout = &out; change(c) }, list)
			for k := range userns.Kind(len(userns.IDs{})) {
				if want := fmt.Sprintf("%v:[%d]\n", k, c.Result().Namespaces[k]); !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in %s", want, out.String())
				}
			}
		})
	}
}
