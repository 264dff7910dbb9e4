package mounts

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/launch"
)

// What can be written to in a finished tree: nothing that lies beneath a later entry, and
// nothing twice.
func TestWritable(t *testing.T) {
	host := t.TempDir()
	for _, dir := range []string{"/a/b/c", "/d"} {
		if err := os.MkdirAll(host+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(host+"/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		entries []Entry
		want    string
	}{
		{nil, ""},
		{[]Entry{Bind{Source: host, Target: "/x"}, Dir{Target: "/y"}, Symlink{Target: "/z", Link: "y"}, File{Target: "/f"}}, ""},
		{[]Entry{Bind{Source: host, Target: "/x", Writable: true}, Tmpfs{Target: "/t"}, Tmpfs{Target: "/s", Size: 1 << 20}}, "/s /t /x"},
		{[]Entry{Bind{Source: host + "/file", Target: "/x/f", Writable: true}}, "/x/f:file"},
		{[]Entry{Proc{Target: "/proc"}, Dev{Target: "/dev"}}, "/dev:devices /proc:fixed"},
		{[]Entry{Dev{Target: "/dev"}, Tmpfs{Target: "/dev/shm"}, ReadOnly{Target: "/dev/null"}}, "/dev:devices"},
		{[]Entry{Dev{Target: "/dev"}, ReadOnly{Target: "/dev"}}, "/dev:devices,fixed"},
		{[]Entry{Proc{Target: "/proc"}, ReadOnly{Target: "/proc"}}, ""},
		{[]Entry{Tmpfs{Target: "/x"}, Tmpfs{Target: "/x/y"}, Proc{Target: "/x/proc"}}, "/x"},
		{[]Entry{Tmpfs{Target: "/x"}, Bind{Source: "/dev/null", Target: "/x/null", Writable: true, Devices: true}}, "/x /x/null:file,devices"},
		{[]Entry{Bind{Source: "/dev/null", Target: "/null", Devices: true}}, "/null:file,devices,fixed"},
		// A later entry covers an earlier one.
		{[]Entry{Tmpfs{Target: "/x/y"}, Bind{Source: host, Target: "/x"}}, ""},
		{[]Entry{Tmpfs{Target: "/x"}, Bind{Source: host, Target: "/x/y", Writable: true}, ReadOnly{Target: "/x"}}, ""},
		{[]Entry{Bind{Source: host, Target: "/x", Writable: true}, Bind{Source: host + "/d", Target: "/x/a"}, Bind{Source: host + "/d", Target: "/x/d", Writable: true}}, "/x"},
		{[]Entry{Bind{Source: host, Target: "/x"}, Bind{Source: host + "/d", Target: "/x/a/b", Writable: true}, Hide{Target: "/x/d"}}, "/x/a/b"},
		{[]Entry{Bind{Source: host, Target: "/x"}, Tmpfs{Target: "/x/a/b"}, Hide{Target: "/x/a"}}, ""},
		// By a symlink it is found where it is.
		{[]Entry{Dir{Target: "/real"}, Symlink{Target: "/x", Link: "/real"}, Tmpfs{Target: "/x/t"}}, "/real/t"},
		{[]Entry{Overlay{Lower: []string{host}, Target: "/o"}, Overlay{Lower: []string{host + "/a", host + "/d"}, Target: "/p", ReadOnly: true}}, "/o"},
		{[]Entry{Mqueue{Target: "/q"}, Sysfs{Target: "/sys"}, Cgroupfs{Target: "/c", Writable: true}}, "/c /q"},
	} {
		list, err := CompileFrom(launch.New(3), x.entries, Private)
		if err != nil {
			t.Errorf("%v: %v", x.entries, err)
			continue
		}
		var got []string
		for _, w := range list {
			var options []string
			if w.File {
				options = append(options, "file")
			}
			if w.Devices {
				options = append(options, "devices")
			}
			if w.Fixed {
				options = append(options, "fixed")
			}
			got = append(got, strings.TrimSuffix(fmt.Sprintf("%s:%s", w.Path, strings.Join(options, ",")), ":"))
		}
		if text := strings.Join(got, " "); text != x.want {
			t.Errorf("%v: %s, want %s", x.entries, text, x.want)
		}
	}
}
