package procfs

import "testing"

func TestParseCgroup(t *testing.T) {
	for text, want := range map[string]string{
		"0::/\n": "/", "12:pids:/x\n0::/user.slice/a b\n": "/user.slice/a b", "0::/a": "/a", "0::/..a\n": "/..a", "9:name=systemd:/x\n0::/a:b\n": "/a:b",
		"12:pids:/x\n": "", "": "", "0::/../x\n": "", "0::/..\n": "", "0::/a (deleted)\n": "", "0::x\n": "", "0::\n": "",
	} {
		if got, err := ParseCgroup([]byte(text)); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestCgroupFolder(t *testing.T) {
	list, err := ParseMountinfo([]byte("24 1 8:1 / / rw - ext4 /dev/sda rw\n" +
		"31 24 0:27 /a/b /mnt/the\\040part rw,nosuid - cgroup2 cgroup2 rw\n" +
		"33 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"))
	if err != nil {
		t.Fatal(err)
	}
	for group, want := range map[string]string{"/a/b": "/mnt/the part", "/a/b/c": "/mnt/the part/c", "/a": "", "/": "", "/a/bc": ""} {
		if got, ok := CgroupFolder(list, group); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", group, got, ok)
		}
	}
	list = append(list, Mountinfo{Root: "/", Point: "/sys/fs/cgroup", Type: "cgroup2"})
	if got, ok := CgroupFolder(list, "/x/y"); !ok || got != "/sys/fs/cgroup/x/y" {
		t.Error(got)
	}
}

// A cgroup that is found lies below the root, and its folder below a mount.
func FuzzCgroup(f *testing.F) {
	f.Add("0::/a\n", "31 24 0:27 / /cg rw - cgroup2 cgroup2 rw\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		group, err := ParseCgroup([]byte(a))
		list, mountErr := ParseMountinfo([]byte(b))
		if err != nil || mountErr != nil {
			return
		}
		if group[0] != '/' {
			t.Errorf("the cgroup %q", group)
		}
		CgroupFolder(list, group)
	})
}
