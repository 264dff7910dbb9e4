package launch

// Each of the sandbox's processes, and the caller, is killed at some moment of
// its life, also before the command runs: nothing is ever left. The defences:
// the lifeline (caller), PR_SET_PDEATHSIG and the pipe to outer (outer), the end
// of a PID namespace with its PID 1 (init).

import (
	"fmt"
	"math/rand"
	"os"
	"testing"
	"time"
)

// callerRole starts a sandbox that does not end by itself.
func callerRole() {
	img, err := sandboxed("sleep", "1000").Image()
	if err != nil {
		panic(err)
	}
	p, err := img.Start(&Attr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
	if err != nil {
		fmt.Print(err)
		return
	}
	state, err := p.Wait()
	fmt.Print(state.Status.Signal(), err)
}

func TestKill(t *testing.T) {
	adoptOrphans(t)
	sameFDs(t)
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	for round := range 60 {
		// How deep the victim is below the caller: 0 caller, 1 outer, 2 init, 3 command.
		depth := round % 4
		marker := pipe(t)
		caller := again("USANDBOX_TEST_ROLE=caller")
		caller.Stdout = marker[1]
		if err := caller.Start(); err != nil {
			t.Fatal(err)
		}
		marker[1].Close()
		// The caller is killed as soon as outer is there or later; init as
		// soon as it is there, and so on: always before and after the start.
		victim := caller.Process.Pid
		if depth == 0 && round%8 != 0 {
			child(t, victim)
		}
		for range depth {
			victim = child(t, victim)
		}
		time.Sleep(time.Duration(random.Intn(3000)) * time.Microsecond)
		process, _ := os.FindProcess(victim)
		process.Kill() // a command that failed to start may be gone
		process.Release()
		caller.Wait()
		text := untilEOF(t, marker[0])
		marker[0].Close()
		nothingLeft(t)

		killed := "killed <nil>"
		early := "tie the sandbox's life to its parent's: operation canceled" // outer died before init was ready
		if depth == 0 {
			killed, early = "", ""
		}
		if text != killed && (text != early || depth > 1) {
			t.Errorf("depth %d: the caller said %q", depth, text)
		}
	}
}

// child waits for a child of pid.
func child(t *testing.T, pid int) int {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if list := children(pid); len(list) > 0 {
			return list[0]
		}
	}
	t.Fatalf("process %d has no child", pid)
	return 0
}
