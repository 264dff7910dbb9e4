package sandbox

// Many goroutines use sandboxes at once, with one policy between them: each gets
// its own command's output and end, and nothing of the others'.

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/usandbox/usandbox/mounts"
)

func TestConcurrent(t *testing.T) {
	leavesNothing(t)
	policy, err := BuildPolicy(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			p := policy
			own := fmt.Sprintf("/own%d", i)
			p.Files = append(p.Files, mounts.Tmpfs{Target: own})
			c := sh(fmt.Sprintf("cat; cat <&3; echo /own*; ls /proc/$$/fd; exit %d", i))
			c.Policy, c.Stdin = p, strings.NewReader(fmt.Sprintln("in", i))
			r, w, err := os.Pipe()
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			fmt.Fprintln(w, "extra", i)
			w.Close()
			c.ExtraFiles = []*os.File{r}
			out, err := c.Output()
			code := 0
			var exit *ExitError
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Error(err)
			}
			if want := fmt.Sprintf("in %d\nextra %d\n%s\n0\n1\n2\n3\n", i, i, own); string(out) != want || code != i {
				t.Errorf("%d: %q, code %d", i, out, code)
			}
		})
	}
	group.Wait()
}
