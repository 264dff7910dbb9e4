package sandbox

import (
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a command sent before it ended arrives, as it does without a sandbox, also at a server that
// reads late. A signal that comes meanwhile ends the wait.
func TestLastBytes(t *testing.T) {
	const size = 20_000_000
	for _, late := range []time.Duration{300 * time.Millisecond, time.Minute} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		got := make(chan int, 1)
		accepted := make(chan net.Conn, 1)
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
			if late == time.Minute {
				return
			}
			time.Sleep(late)
			n, buffer := 0, make([]byte, 256<<10)
			for err == nil {
				var m int
				m, err = c.Read(buffer)
				n += m
				time.Sleep(2 * time.Millisecond)
			}
			got <- n
		}()
		port := l.Addr().(*net.TCPAddr).Port
		script := fmt.Sprintf("head -c %d /dev/zero >&3; exit 3", size)
		if late == time.Minute {
			script = "cat /dev/zero >&3 & sleep 0.7; exit 3"
		}
		c := Command("bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/server.test/%d; ", port)+script)
		c.Policy.Network = namedPolicy(t, fmt.Sprintf("server.test:%d", port))
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if late == time.Minute {
			go func() {
				for ended := false; !ended; time.Sleep(10 * time.Millisecond) {
					ended = c.Signal(unix.Signal(0)) != nil
				}
				c.Signal(unix.SIGTERM)
			}()
		}
		c.Wait()
		if code := c.Result().ExitCode(); code != 3 {
			t.Errorf("code %d", code)
		}
		if d := time.Since(begun); late == time.Minute && d > 1500*time.Millisecond {
			t.Errorf("it takes %v", d)
		}
		defer (<-accepted).Close()
		if late == time.Minute {
			continue
		}
		if n := <-got; n != size {
			t.Errorf("%d bytes of %d arrive", n, size)
		}
	}
}
