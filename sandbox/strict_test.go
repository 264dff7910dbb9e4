package sandbox

// The zero Policy is the strictest: what a program in it sees is nothing, unless
// it is handed over. A program of one static file is all that is shown here.

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
)

// probeAlone is the probe in a sandbox that shows nothing else.
func probeAlone(t *testing.T, args ...string) *Cmd {
	return &Cmd{Args: append([]string{probePath}, args...), Env: []string{}, Policy: Policy{Files: []mounts.Entry{showProbe(t)}}}
}

func TestZeroPolicyHasNoCommand(t *testing.T) {
	for _, name := range []string{"sh", "/bin/sh", "/proc/1/exe"} {
		err := (&Cmd{Args: []string{name}}).Run()
		var step *launch.StepError
		if !errors.As(err, &step) || !step.Exec || step.Errno != unix.ENOENT {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestZeroPolicySeesNothing(t *testing.T) {
	want := seen{
		Files: []string{"/", probePath}, UID: os.Getuid(), GID: os.Getgid(), PID: 2, Session: 1,
		Interfaces: []string{"lo up|loopback|running"}, NoNewPrivs: 1, Environ: []string{},
		Mkdir: "mkdir /new: read-only file system", UserNS: "operation not permitted",
	}
	for _, off := range []bool{false, true} { // the filter, before which there was another defence
		c := probeAlone(t, "look")
		if c.Policy.Seccomp.Off = off; off {
			want.UserNS = "no space left on device"
		}
		var got seen
		if err := json.Unmarshal([]byte(output(t, c)), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("seen %+v\nwant %+v", got, want)
		}
	}
}

// Sockets of the host are reached neither by address nor by abstract name.
func TestZeroPolicyReachesNoSocket(t *testing.T) {
	for _, c := range []struct{ network, address string }{
		{"tcp", "127.0.0.1:0"}, {"tcp", "[::1]:0"}, {"unix", "@usandbox-test-" + t.Name()},
	} {
		l, err := net.Listen(c.network, c.address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		address := l.Addr().String()
		text := output(t, probeAlone(t, "dial", c.network, address))
		if !strings.HasSuffix(text, "connection refused") {
			t.Errorf("%s %s: %s", c.network, address, text)
		}
		if c.network == "tcp" { // the same where the network is shared
			cmd := probeAlone(t, "dial", c.network, address)
			cmd.Policy.Share = shareable
			if text := output(t, cmd); text != "<nil>" {
				t.Errorf("%s %s, shared: %s", c.network, address, text)
			}
		}
	}
}

// An open folder is the one way in, as its documentation warns.
func TestZeroPolicyExtraFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/sub/file", "from outside", 0o644)
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := probeAlone(t, "readat", "sub/file")
	if text := output(t, c); text != " bad file descriptor" {
		t.Errorf("without it: %q", text)
	}
	c = probeAlone(t, "readat", "sub/file")
	c.ExtraFiles = []*os.File{f}
	if text := output(t, c); text != "from outside <nil>" {
		t.Errorf("with it: %q", text)
	}
}
