package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/relay"
)

// What is told of refused names is safe for a terminal: the command chose them.
func TestRefusedNames(t *testing.T) {
	s := &relay.Summary{
		Refused: []relay.Refused{
			{Protocol: network.TCP, Name: "example.org", Ports: []uint16{443, 80}, Count: 3, Programs: []string{"curl", "sh\x1b[2J"}, Reason: "no rule names it", Allow: "--allow example.org:80,443"},
			{Name: "evil\r\nusandbox: all is well", Count: 1, Reason: "no rule names it"},
			{Protocol: network.UDP, Name: "2001:db8::1", Ports: []uint16{53}, Count: 1, Reason: "no rule names it", Allow: "--allow udp/[2001:db8::1]:53"},
		},
		More: 7, LogDropped: 2,
	}
	want := `usandbox: refused: example.org:443,80 3 times (by curl, sh\x1b[2J): no rule names it: --allow example.org:80,443
usandbox: refused: evil\r\nusandbox: all is well 1 time: no rule names it
usandbox: refused: udp/[2001:db8::1]:53 1 time: no rule names it: --allow udp/[2001:db8::1]:53
usandbox: refused: other names and addresses 7 times
usandbox: the logs of the network lack 2 lines, which were too much for them
`
	if got := refusedNames(s); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := refusedNames(&relay.Summary{Allowed: 5}); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestQuestion(t *testing.T) {
	got := questionOf(relay.Question{Protocol: network.UDP, Name: "example.org", Port: 53, Program: "cu\x1b]0;rl"})
	if want := "usandbox: cu\\x1b]0;rl wants to connect to udp/example.org:53\nallow it [once, always in this run, no]? "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for line, want := range map[string]relay.Answer{"once": relay.Once, "O": relay.Once, " always ": relay.Always, "a": relay.Always, "no": relay.Denied} {
		if got, ok := parseAnswer(line); got != want || !ok {
			t.Errorf("%q is %v, %v", line, got, ok)
		}
	}
	for _, line := range []string{"", "al", "ls -l", "allow", "\x1b[0n", "onceonce"} {
		if got, ok := parseAnswer(line); got != relay.Denied || ok {
			t.Errorf("%q is %v, %v", line, got, ok)
		}
	}
}

// However many rules there are, each message of an answer can be received.
func TestSendLines(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	policy := network.Policy{Mode: network.Named}
	for i := range 5000 {
		policy.Allow = append(policy.Allow, network.Rule{Protocol: network.TCP, Name: fmt.Sprintf("n%d.%s.example", i, strings.Repeat("a", 60)), Origin: strings.Repeat("\x01", 1000)})
	}
	lines := netLines(&policy)
	sent := make(chan error, 1)
	go func() { sent <- sendLines(fds[0], lines) }()
	var got []string
	for {
		var a answer
		if !receive(fds[1], &a) {
			t.Fatal("a message cannot be received")
		}
		got = append(got, a.Lines...)
		if a.Done {
			break
		}
	}
	if err := <-sent; err != nil || len(got) != len(lines) || got[4999] != lines[4999] {
		t.Errorf("%d lines of %d, %v", len(got), len(lines), err)
	}
}

func TestRequestWithoutNetIsToEnter(t *testing.T) {
	text, err := json.Marshal(request{})
	if err != nil || strings.Contains(string(text), "net") {
		t.Errorf("%s, %v", text, err)
	}
}

// A log goes to a file, and nowhere else that the caller did not name.
func TestOpenLog(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/log", []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := openLog(dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("after\n")
	if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Error("the command would get it", err)
	}
	f.Close()
	if text, _ := os.ReadFile(dir + "/log"); string(text) != "before\nafter\n" {
		t.Errorf("%q", text)
	}
	os.Symlink("log", dir+"/link")
	unix.Mkfifo(dir+"/pipe", 0o600)
	for _, name := range []string{"link", "pipe", ".", "no/log"} {
		if f, err := openLog(dir + "/" + name); err == nil {
			t.Errorf("%s is opened", name)
			f.Close()
		}
	}
}
