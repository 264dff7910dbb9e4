package procfs

// Lists of mounts: captured lines, and mount points whose names try to be lines or
// fields of their own.

import (
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

const mountinfo = `21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
22 21 0:4 / /dev/shm rw shared:1 master:2 propagate_from:3 - tmpfs none rw
23 21 0:4 net:[4026532180] /run/netns/a\040b rw - nsfs nsfs rw
24 21 8:1 /sub\040dir /mnt/new\012line\011tab\134back\043hash ro,nosuid unbindable - ext4 /dev/my\040disk rw,errors=continue
25 21 0:5 /\040-\040x /m rw future:9 - fuse.s\040x a\040-\040b rw,opt=a b
26 21 0:6 / /deleted//deleted ro -  none rw
`

func TestParseMountinfo(t *testing.T) {
	want := []Mountinfo{
		{Root: "/", Point: "/", Options: "rw,relatime", Type: "ext4", Source: "/dev/vda", Super: "rw"},
		{Root: "/", Point: "/dev/shm", Options: "rw", Shared: true, Slave: true, Type: "tmpfs", Source: "none", Super: "rw"},
		{Root: "net:[4026532180]", Point: "/run/netns/a b", Options: "rw", Type: "nsfs", Source: "nsfs", Super: "rw"},
		{Root: "/sub dir", Point: "/mnt/new\nline\ttab\\back#hash", Options: "ro,nosuid", Unbind: true, Type: "ext4", Source: "/dev/my disk", Super: "rw,errors=continue"},
		{Root: "/ - x", Point: "/m", Options: "rw", Type: "fuse.s x", Source: "a - b", Super: "rw,opt=a b"},
	}
	good, bad := mountinfo[:strings.Index(mountinfo, "26 21")], mountinfo
	if list, err := ParseMountinfo([]byte(good)); err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := ParseMountinfo([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "parse mountinfo: line 6: ") {
		t.Errorf("no type: %+v, %v", list, err)
	}
	for _, line := range []string{
		"x", "\n", "21 1 254:0 / / rw", "21 1 254:0 / / rw ext4 /dev/vda rw", "21 1 254:0 / / rw -", "21 1 254:0 / / rw - ext4", "21 1 254:0 / - ext4 /dev/vda rw",
		"21 1 254:0 /  rw - ext4 /dev/vda rw",
	} {
		if list, err := ParseMountinfo([]byte(line)); err == nil {
			t.Errorf("%q: %+v", line, list)
		}
	}
	if list, err := ParseMountinfo(nil); err != nil || list != nil {
		t.Errorf("empty: %+v, %v", list, err)
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "plain", `a\040b`: "a b", `\011\012\134\043`: "\t\n\\#", `\134040`: `\040`, `\377`: "\xff",
		`\04`: `\04`, `\`: `\`, `\\040`: `\ `, `\400`: `\400`, `\089`: `\089`, `\x41`: `\x41`, `a\`: `a\`,
	} {
		if got := Unescape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestParseMounts(t *testing.T) {
	list, err := ParseMounts([]byte("/dev/vda / ext4 rw,relatime 0 0\nnone /a\\040b tmpfs nosuid,ro,size=1k 0 0\nx /f fuse.x rw,o=a ro b 0 0\n"))
	want := []Mount{{"/dev/vda", "/", "ext4", "rw,relatime"}, {"none", "/a b", "tmpfs", "nosuid,ro,size=1k"}, {"x", "/f", "fuse.x", "rw,o=a ro b"}}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	for i, ro := range []bool{false, true, false} {
		if list[i].ReadOnly() != ro {
			t.Errorf("%+v: read-only %v", list[i], !ro)
		}
	}
	for _, line := range []string{"x", "/dev/vda / ext4 rw", "/dev/vda / ext4 0 0", "\n"} {
		if list, err := ParseMounts([]byte(line)); err == nil {
			t.Errorf("%q: %+v", line, list)
		}
	}
}

const mountstats = `device proc mounted on /proc with fstype proc
no device mounted on /no\040dev with fstype tmpfs
device server:/export\040x mounted on /mnt/a\040b with fstype nfs4 statvers=1.1
	opts:	rw,vers=4.2
	age:	3600
	bytes:	1 2 3 4 5000 6000 7 8
	per-op statistics
	        NULL: 1 1 0 44 24 0 0 0 0

device /dev/vda mounted on / with fstype ext4
`

func TestParseMountstats(t *testing.T) {
	count, stats, err := ParseMountstats([]byte(mountstats))
	want := []Mountstat{{"server:/export x", "/mnt/a b", "nfs4", time.Hour, 5000, 6000}}
	if err != nil || count != 4 || !slices.Equal(stats, want) {
		t.Errorf("%d, %+v, %v", count, stats, err)
	}
	for _, text := range []string{"x", "\tage:\t1\n", "device x mounted on /y with fstype", "device x on /y", "no device", "device  x mounted on /y with fstype z"} {
		if count, stats, err := ParseMountstats([]byte(text)); err == nil {
			t.Errorf("%q: %d, %+v", text, count, stats)
		}
	}
}

// The kernel's own files, which all list the same mounts.
func TestReal(t *testing.T) {
	text := func(name string) []byte {
		b, err := os.ReadFile("/proc/self/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	info, err := ParseMountinfo(text("mountinfo"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := ParseMounts(text("mounts"))
	if err != nil {
		t.Fatal(err)
	}
	count, _, err := ParseMountstats(text("mountstats"))
	if err != nil {
		t.Fatal(err)
	}
	if len(info) == 0 || len(list) == 0 || count == 0 {
		t.Errorf("%d, %d and %d mounts", len(info), len(list), count)
	}
	s, err := ParseStat(text("stat"))
	if err != nil || s.PID != os.Getpid() || s.PPID != os.Getppid() {
		t.Errorf("%+v, %v", s, err)
	}
	if got := ParseStatus(text("status")).Field("Uid", 1); got != itoa(os.Geteuid()) {
		t.Errorf("effective user %q", got)
	}
}

func FuzzMounts(f *testing.F) {
	f.Add(mountinfo, "/a b")
	f.Add(mountstats, "x\n36 35 98:0 / / rw - ext3 x rw")
	f.Add("/dev/vda / ext4 rw,relatime 0 0\n", "\\040")
	escape := strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`, "#", `\043`)
	f.Fuzz(func(t *testing.T, text, name string) {
		ParseMountinfo([]byte(text))
		ParseMounts([]byte(text))
		ParseMountstats([]byte(text))
		if name == "" {
			return
		}
		// A name comes out as it is, and is never more than a name.
		e := escape.Replace(name)
		info, err := ParseMountinfo([]byte("1 2 0:1 " + e + " " + e + " rw - " + e + " " + e + " rw\n"))
		if err != nil || len(info) != 1 || info[0] != (Mountinfo{Root: name, Point: name, Options: "rw", Type: name, Source: name, Super: "rw"}) {
			t.Errorf("%q: %+v, %v", name, info, err)
		}
		list, err := ParseMounts([]byte(e + " " + e + " " + e + " rw 0 0\n"))
		if err != nil || len(list) != 1 || list[0] != (Mount{name, name, name, "rw"}) {
			t.Errorf("%q: %+v, %v", name, list, err)
		}
		count, stats, err := ParseMountstats([]byte("device " + e + " mounted on " + e + " with fstype " + e + " statvers=1.1\n"))
		if err != nil || count != 1 || len(stats) != 1 || stats[0] != (Mountstat{Device: name, Point: name, Type: name}) {
			t.Errorf("%q: %d, %+v, %v", name, count, stats, err)
		}
	})
}
