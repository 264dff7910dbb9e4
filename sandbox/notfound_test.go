package sandbox

// A command that is not in the sandbox: what the person is told depends on where
// it is outside.

import (
	"os"
	"testing"

	"github.com/usandbox/usandbox/mounts"
)

func TestHintNotFound(t *testing.T) {
	home, other := t.TempDir(), t.TempDir()
	for _, name := range []string{
		home + "/.cargo/bin/cargo", home + "/.nvm/versions/node/v1/bin/node", home + "/go/bin/tool", home + "/script",
		other + "/bin/thing",
	} {
		write(t, name, "#!/none\n", 0o755)
	}
	if err := os.Symlink(home+"/.cargo/bin/cargo", other+"/bin/linked"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("PATH", home+"/.cargo/bin:"+home+"/.nvm/versions/node/v1/bin:"+home+"/go/bin:"+other+"/bin:/usr/bin:/bin")
	show := func(dirs ...string) (p Policy) {
		p = SystemPolicy()
		for _, d := range dirs {
			p.Files = append(p.Files, mounts.Bind{Source: d, Target: d})
		}
		return p
	}
	const outside = "it exists outside; show it with --ro "
	for _, c := range []struct {
		name   string
		policy Policy
		want   string
	}{
		{"no-such-command", SystemPolicy(), ""},
		{"/no/such/command", SystemPolicy(), ""},
		{"cargo", SystemPolicy(), outside + home + "/.cargo"},
		{home + "/.cargo/bin/cargo", SystemPolicy(), outside + home + "/.cargo"},
		{"node", SystemPolicy(), outside + home + "/.nvm"},
		{"tool", SystemPolicy(), outside + home + "/go"},
		{home + "/script", SystemPolicy(), outside + home + "/script"},
		{"thing", SystemPolicy(), outside + other + "/bin"},
		{"sh", Policy{}, outside + "/usr/bin"},
		{"cargo", show(home), home + "/.cargo/bin/cargo exists, but PATH in the sandbox does not lead to it"},
		{"cargo", show(home + "/.cargo"), home + "/.cargo/bin/cargo exists, but PATH in the sandbox does not lead to it"},
		{home + "/script", show(home), home + "/script exists; what its first line (#!) or its dynamic loader names is missing in the sandbox"},
		{"cargo", show(home + "/.carg"), outside + home + "/.cargo"},
	} {
		cmd := &Cmd{Args: []string{c.name}, Policy: c.policy}
		if got := cmd.HintNotFound(); got != c.want && (c.name != "sh" || got != outside+"/bin") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	// Shown, and then covered again.
	hidden := show(home + "/.cargo")
	hidden.Files = append(hidden.Files, mounts.Tmpfs{Target: home})
	if got := (&Cmd{Args: []string{"cargo"}, Policy: hidden}).HintNotFound(); got != outside+home+"/.cargo" {
		t.Errorf("covered: %q", got)
	}
}

func TestHintDenied(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir+"/file", "", 0o644)
	executable := write(t, dir+"/executable", "", 0o755)
	t.Chdir(dir)
	for name, want := range map[string]string{
		file: "chmod +x " + file, "./file": "chmod +x " + file, "file": "", executable: "", dir: "", dir + "/none": "",
	} {
		if got := (&Cmd{Args: []string{name}}).HintDenied(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
