package procfs

// What a process says of itself: names made to look like something else.

import (
	"os"
	"os/exec"
	"testing"
)

func TestParseStat(t *testing.T) {
	for text, want := range map[string]Stat{
		"1 (init) S 0 1 1 0 -1 4194560\n":              {1, "init", 'S', 0},
		"77 (a b) R 76 77 77 0\n":                      {77, "a b", 'R', 76},
		"77 (a) R 1 (b) Z 76 77\n":                     {77, "a) R 1 (b", 'Z', 76},
		"77 (1) S 2 3) t 76 77\n":                      {77, "1) S 2 3", 't', 76},
		"77 (x\n78 (y) S 1 1\n) I 76 0 \n":             {77, "x\n78 (y) S 1 1\n", 'I', 76},
		"77 (\x1b[31m\xff) S 76 0\n":                   {77, "\x1b[31m\xff", 'S', 76},
		"77 (()) S 76 0\n":                             {77, "()", 'S', 76},
		"77 () S 76 0\n":                               {77, "", 'S', 76},
		"2 (kworker/0:1-events) I 2 0 0 0 -1 69238880": {2, "kworker/0:1-events", 'I', 2},
	} {
		if s, err := ParseStat([]byte(text)); err != nil || s != want {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
	for _, text := range []string{
		"", "\n", "1", "1 (init", "1 init) S 0 1", "(init) S 0 1", "x (init) S 0 1", "-1 (init) S 0 1", "0 (init) S 0 1", "+1 (init) S 0 1",
		"1(init) S 0 1", "1 (init)", "1 (init) ", "1 (init) S", "1 (init) S 0", "1 (init) S x 1", "1 (init) S -1 1", "1 (init) S +1 1",
		"1 (init) S  1", "1 (init) 1 0 1", "1 (init)S 0 1", "1 )init( S 0 1", "1 (init) S 99999999999 1",
	} {
		if s, err := ParseStat([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

// A real process that has such a name.
func TestHostileName(t *testing.T) {
	cmd := exec.Command("sh", "-c", `printf ') S 1 (\nx)' >/proc/self/comm; read line`)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	// Written by the shell's child, printf is built in: the shell itself.
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	for range 100000 {
		text, err := os.ReadFile("/proc/" + itoa(cmd.Process.Pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseStat(text)
		if err != nil || s.PID != cmd.Process.Pid || s.PPID != os.Getpid() {
			t.Fatalf("%q: %+v, %v", text, s, err)
		}
		if s.Comm == ") S 1 (\nx)" {
			return
		}
	}
	t.Error("the name never appeared")
}

func TestCommand(t *testing.T) {
	for _, c := range []struct{ cmdline, comm, want string }{
		{"sleep\x0010\x00", "sleep", "sleep 10"},
		{"", "kthreadd", "kthreadd"},
		{"\x00\x00\x00", "empty", "empty"},
		{"title\x00\x00\x00\x00", "x", "title"},
		{"a\x00\x00b\x00", "x", "a  b"},
		{"sh\x00-c\x00echo a\necho \x1b[2J\x00", "sh", "sh -c echo a\necho \x1b[2J"},
		{"no end", "x", "no end"},
	} {
		if got := Command([]byte(c.cmdline), c.comm); got != c.want {
			t.Errorf("%q: %q, want %q", c.cmdline, got, c.want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	s := ParseStatus([]byte("Name:\ta\\nUid:\\t0\nUid:\t1000\t1001\t1002\t1003\nUid:\t0\nNoNewPrivs:\t1\nGroups:\t \nno colon\nlast:\tx"))
	for key, want := range map[string]string{"Name": `a\nUid:\t0`, "Uid": "1000\t1001\t1002\t1003", "NoNewPrivs": "1", "Groups": " ", "last": "x", "none": ""} {
		if s[key] != want {
			t.Errorf("%s: %q, want %q", key, s[key], want)
		}
	}
	if s.Field("Uid", 1) != "1001" || s.Field("Uid", 4) != "" || s.Field("none", 0) != "" {
		t.Errorf("fields %q, %q", s.Field("Uid", 1), s.Field("Uid", 4))
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("init", 1, 0)
	f.Add(") S 1 (\nx)", 77, 76)
	f.Fuzz(func(t *testing.T, comm string, pid, ppid int) {
		ParseStat([]byte(comm))
		if pid <= 0 || ppid < 0 || pid > 1<<30 || ppid > 1<<30 {
			return
		}
		text := itoa(pid) + " (" + comm + ") S " + itoa(ppid) + " 1 1 0\n"
		if s, err := ParseStat([]byte(text)); err != nil || s != (Stat{pid, comm, 'S', ppid}) {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	})
}
