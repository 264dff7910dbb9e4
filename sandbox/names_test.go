package sandbox

import (
	"os"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/network"
)

// etcLike is a folder that has what the host's /etc has, but for what lies in files, and
// with resolv.conf as a symlink, if there is one.
func etcLike(t *testing.T, link string, files map[string]string) (root string, entries []mounts.Entry) {
	t.Helper()
	root = t.TempDir()
	if err := os.Mkdir(root+"/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		write(t, root+"/etc/"+name, text, 0o644)
	}
	if link != "" {
		if err := os.Symlink(link, root+"/etc/resolv.conf"); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range SystemPolicy().Files {
		if e.Where() == "/etc" {
			e = mounts.Bind{Source: root + "/etc", Target: "/etc"}
		}
		entries = append(entries, e)
	}
	return root, entries
}

const show = "for f in resolv.conf hosts nsswitch.conf other; do echo $f; cat /etc/$f; done 2>&1; (echo x >>/etc/resolv.conf) 2>/dev/null && echo written; true"

// Whatever /etc is, the files say how names are found, and can be read alone where /etc is.
func TestNameFiles(t *testing.T) {
	const names = "resolv.conf\nnameserver 198.18.0.2\nhosts\n127.0.0.1 localhost box\n::1 localhost ip6-localhost ip6-loopback\nnsswitch.conf\n"
	for name, x := range map[string]struct {
		link  string
		files map[string]string
		want  string
	}{
		"plain": {"", map[string]string{"resolv.conf": "old", "hosts": "old", "nsswitch.conf": "passwd: files\nhosts:  mymachines files\n# end", "other": "same\n"},
			names + "passwd: files\n# end\nhosts: files dns\nother\nsame\n"},
		"symlink to nothing": {"../run/systemd/resolve/stub-resolv.conf", map[string]string{"hosts": "old", "nsswitch.conf": "hosts: files\n", "other": "same\n"},
			names + "hosts: files dns\nother\nsame\nwritten\n"}, // a /run of the sandbox's own
		"missing": {"", map[string]string{"hosts": "old", "nsswitch.conf": "hosts: files\n", "other": "same\n"},
			names + "hosts: files dns\nother\nsame\n"},
	} {
		c := sh(show)
		_, c.Policy.Files = etcLike(t, x.link, x.files)
		c.Policy.Hostname = "box"
		c.Policy.Network.Mode = network.Named
		if got := output(t, c); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
	// In a tree of the sandbox's own they are made; what an entry names is left alone.
	c := Command("/probe", "look")
	c.Policy.Files = []mounts.Entry{showProbe(t), mounts.Proc{Target: "/proc"}, mounts.File{Target: "/etc/hosts", Content: "mine\n"}}
	c.Policy.Network.Mode = network.Named
	if got := output(t, c); !strings.Contains(got, `"/etc/resolv.conf"`) {
		t.Errorf("bare: %s", got)
	}
	c = sh(show)
	c.Policy.Files = append(c.Policy.Files, mounts.File{Target: "/etc/resolv.conf", Content: "mine\n"})
	c.Policy.Network.Mode = network.Named
	if got := output(t, c); !strings.HasPrefix(got, "resolv.conf\nmine\n") {
		t.Errorf("named by an entry: %s", got)
	}
}

// One that says the same is left as it is.
func TestNSSwitchSame(t *testing.T) {
	for text, want := range map[string]bool{"a: b\nhosts:\tfiles  dns\n": false, "hosts: files dns\nhosts: mdns\n": true, "hosts: files dns mdns\n": true, "a: b\n": true} {
		_, files := etcLike(t, "", map[string]string{"nsswitch.conf": text})
		if got, ok := switched(files); ok != want || ok && !strings.HasSuffix(got, "hosts: files dns\n") {
			t.Errorf("%q becomes %q, %v", text, got, ok)
		}
	}
}

// A root's nsswitch.conf does not lead out of it.
func TestNSSwitchOutside(t *testing.T) {
	secret := t.TempDir() + "/secret"
	write(t, secret, "passwd: secret\n", 0o644)
	root, files := etcLike(t, "", nil)
	if err := os.Symlink(secret, root+"/etc/nsswitch.conf"); err != nil {
		t.Fatal(err)
	}
	if text, ok := switched(files); ok {
		t.Errorf("it is %q", text)
	}
}

func TestHostNetwork(t *testing.T) {
	for name, x := range map[string]struct{ link, file string }{
		"symlink into a folder that is not shown": {"../run/resolve/stub.conf", "/run/resolve/stub.conf"},
		"plain": {"", "/etc/resolv.conf"},
	} {
		root, files := etcLike(t, x.link, nil)
		if err := os.MkdirAll(root+"/run/resolve", 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, root+x.file, "nameserver 192.0.2.53\n", 0o644)
		c := sh("cat /etc/resolv.conf; ls /sys/class/net 2>/dev/null | head -0; cat /proc/net/dev | wc -l")
		c.Policy.Files = files
		c.Policy = c.Policy.withHostNetwork(root + "/etc/resolv.conf")
		own, err := os.ReadFile("/proc/net/dev")
		if err != nil {
			t.Fatal(err)
		}
		if got, lines := output(t, c), strings.Count(string(own), "\n"); !strings.HasPrefix(got, "nameserver 192.0.2.53\n") || lines > 3 && strings.HasSuffix(got, "\n3\n") {
			t.Errorf("%s: %q", name, got)
		}
		// Another root gets the caller's, too.
		_, c.Policy.Files = etcLike(t, "", map[string]string{"other": ""})
		c.Policy = c.Policy.withHostNetwork(root + "/etc/resolv.conf")
		if got := output(t, c.again()); !strings.HasPrefix(got, "nameserver 192.0.2.53\n") {
			t.Errorf("%s, another root: %q", name, got)
		}
	}
	p := SystemPolicy()
	if p.ReachesAbstractSockets() {
		t.Error("a network of its own, and abstract sockets are shared")
	}
	p = p.WithHostNetwork()
	if p.Landlock.Mode = LandlockNone; !p.ReachesAbstractSockets() {
		t.Error("without Landlock abstract sockets are not shared")
	}
	if p.Landlock = (Landlock{ABI: 6}); p.ReachesAbstractSockets() {
		t.Error("with ABI 6 abstract sockets are shared")
	}
	if p.Landlock = (Landlock{ABI: 5}); !p.ReachesAbstractSockets() {
		t.Error("with ABI 5 abstract sockets are not shared")
	}
}
