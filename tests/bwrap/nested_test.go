package bwrap

import (
	"path/filepath"
	"testing"
)

// TestNested runs the program in a sandbox of its own making: by its path, by its name, and
// as what the process that executes the command was.
func TestNested(t *testing.T) {
	outer := []string{"--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"}
	for _, x := range []struct {
		name, more, shell string
		inner             []string
	}{
		{"path", "", "", []string{ours}},
		{"name", "", `PATH=` + filepath.Dir(ours) + `:$PATH exec "$@"`, []string{"bwrap"}},
		{"self", "", "", []string{"/proc/self/exe"}},
		{"self_in_pid_namespace", "--unshare-pid", "", []string{"/proc/self/exe"}},
		{"self_with_all_capabilities", "--unshare-user --uid 0 --gid 0 --cap-add ALL", "", []string{"/proc/self/exe"}},
		{"self_twice", "", "", append(append([]string{"/proc/self/exe"}, outer...), "/proc/self/exe")},
		{"by_script", "", "", []string{"sh", "-c", `exec "$@"`, "sh", ours}},
		{"path_with_all_capabilities", "--unshare-all --uid 0 --gid 0 --cap-add ALL", "", []string{ours}},
	} {
		t.Run(x.name, func(t *testing.T) {
			inner := append(append(x.inner, base()...), "--unshare-pid", "--proc", "/proc", "sh", "-c", "echo inside; echo $$")
			got := ask{args: outer, shell: x.shell}.with(x.more, inner...).run(t, ours)
			if got.stdout != "inside\n2\n" || got.code != 0 {
				t.Errorf("code %d, output %q, messages %q", got.code, got.stdout, got.stderr)
			}
		})
	}
	t.Run("self_is_not_shown", func(t *testing.T) {
		ask{args: base()}.with("", "/proc/self/exe", "--version").compare(t)
	})
	t.Run("help", func(t *testing.T) {
		got := ask{args: outer}.with("", "/proc/self/exe").run(t, ours)
		if want := "usage: bwrap [OPTIONS...]"; len(got.stderr) < len(want) || got.stderr[:len(want)] != want {
			t.Errorf("messages %q; want %q", got.stderr, want)
		}
	})
}

// TestAddressSpace runs under a limit that callers set.
func TestAddressSpace(t *testing.T) {
	for _, more := range []string{"", "--unshare-all --proc /proc --dev /dev --tmpfs /t --file 3 /a"} {
		a := ask{args: base(), shell: `ulimit -v 2000000; exec "$@"`, files: []string{"x"}}.with(more, "sh", "-c", "echo inside; ulimit -v")
		if got := a.run(t, ours); got.stdout != "inside\n2000000\n" {
			t.Errorf("%s: code %d, output %q, messages %q", more, got.code, got.stdout, got.stderr)
		}
	}
}
