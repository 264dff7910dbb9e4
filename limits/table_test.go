package limits

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGroupOf(t *testing.T) {
	for text, want := range map[string]string{
		"0::/\n": "/", "12:pids:/x\n0::/user.slice/a b\n": "/user.slice/a b", "0::/a\n": "/a", "0::/..a\n": "/..a",
		"12:pids:/x\n": "", "": "", "0::/../x\n": "", "0::/..\n": "", "0::/a (deleted)\n": "", "0::x\n": "", "0::\n": "",
	} {
		if got, err := groupOf(strings.NewReader(text)); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestFolder(t *testing.T) {
	const text = "24 1 8:1 / / rw - ext4 /dev/sda rw\n" +
		"31 24 0:27 /a/b /mnt/part rw,nosuid - cgroup2 cgroup2 rw\n" +
		"33 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n" +
		"short - cgroup2 x y\n"
	list, err := groupMounts(strings.NewReader(text))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	for group, want := range map[string]string{"/a/b": "/mnt/part", "/a/b/c": "/mnt/part/c", "/a": "", "/": "", "/a/bc": ""} {
		if got, ok := folder(list, group); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", group, got, ok)
		}
	}
	if got, ok := folder([]mounted{{"/sys/fs/cgroup", "/"}}, "/x/y"); !ok || got != "/sys/fs/cgroup/x/y" {
		t.Error(got)
	}
}

func TestTables(t *testing.T) {
	got := flatKeyed(strings.NewReader("low 0\nhigh 12\nmax -1\noom x\n\noom_kill 3\nwide 99999999999999999999\n"))
	if want := map[string]int64{"low": 0, "high": 12, "oom_kill": 3}; !maps.Equal(got, want) {
		t.Error(got)
	}
	read, written := ioBytes(strings.NewReader("8:0 rbytes=100 wbytes=7 rios=1 dbytes=0\n253:0 rbytes=11 wbytes=x\n7:0\n"))
	if read != 111 || written != 7 {
		t.Error(read, written)
	}
	if r, _ := ioBytes(strings.NewReader("a rbytes=9223372036854775807 rbytes=5")); r < 0 {
		t.Error(r)
	}
	p, ok := pressure(strings.NewReader("some avg10=0.22 avg60=0.17 avg300=1.11 total=58761459\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n"))
	if !ok || p != (Pressure{58761459 * time.Microsecond, 3 * time.Microsecond}) {
		t.Error(p, ok)
	}
	if _, ok := pressure(strings.NewReader("none of it\n")); ok {
		t.Error("that was none")
	}
}

func TestReadUsage(t *testing.T) {
	f := newFake(t, "/a")
	dir := filepath.Join(f.root, "a")
	for name, text := range map[string]string{
		"memory.peak": "123\n", "memory.events": "low 0\nhigh 4\nmax 5\noom 1\noom_kill 2\noom_group_kill 1\n", "pids.events": "max 6\n",
		"cpu.stat":    "usage_usec 3000000\nuser_usec 1000000\nsystem_usec 2000000\nnr_periods 5\nnr_throttled 3\nthrottled_usec 7\n",
		"io.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
	} {
		f.put(filepath.Join(dir, name), text)
	}
	u := readUsage(dir)
	if *u.MemoryPeak != 123 || *u.OOMKills != 2 || *u.MemoryMax != 5 || *u.MemoryHigh != 4 || *u.PidsMax != 6 || !u.OOM() || *u.OOMs != 1 || u.OOMElsewhere() {
		t.Errorf("%+v", u)
	}
	if *u.CPU != 3*time.Second || *u.User != time.Second || *u.System != 2*time.Second || *u.Throttles != 3 || *u.Throttled != 7*time.Microsecond || u.IOPressure.Some != 9*time.Microsecond {
		t.Errorf("%+v", u)
	}
	if u.PidsPeak != nil || u.ReadBytes != nil || u.CPUPressure != nil {
		t.Error("what is not there is told")
	}
	if none := (*Usage)(nil); none.OOM() {
		t.Error("no usage is out of memory")
	}
}

// Nothing that a file may hold upsets a parser; a folder that is found lies below the mount.
func FuzzTables(f *testing.F) {
	f.Add("0::/a\n", "31 24 0:27 / /cg rw - cgroup2 cgroup2 rw\n")
	f.Add("oom_kill 1\nsome total=5\n", "8:0 rbytes=1 wbytes=2\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		for key, n := range flatKeyed(strings.NewReader(a)) {
			if n < 0 || key == "" {
				t.Error(key, n)
			}
		}
		if r, w := ioBytes(strings.NewReader(b)); r < 0 || w < 0 {
			t.Error(r, w)
		}
		if p, _ := pressure(strings.NewReader(a)); p.Some < 0 || p.Full < 0 {
			t.Error(p)
		}
		group, err := groupOf(strings.NewReader(a))
		list, mountErr := groupMounts(strings.NewReader(b))
		if err != nil || mountErr != nil {
			return
		}
		if group[0] != '/' {
			t.Errorf("the cgroup %q", group)
		}
		folder(list, group)
	})
}

// Who was killed without having met the limit is told apart; where the kernel does not tell, it was the limit.
func TestOOMElsewhere(t *testing.T) {
	for text, want := range map[string]bool{
		"max 3\noom 0\noom_kill 2\n": true, "max 3\noom 1\noom_kill 2\n": false,
		"max 3\noom 0\noom_kill 0\n": false, "oom_kill 2\n": false, "": false,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "memory.events"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := readUsage(dir).OOMElsewhere(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
