package seccomp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The table has what golang.org/x/sys/unix has, and nothing else.
func TestTable(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		t.Fatal(err)
	}
	for arch, file := range map[Arch]string{AMD64: "amd64", I386: "386", ARM64: "arm64", ARM: "arm"} {
		name := filepath.Join(strings.TrimSpace(string(out)), "unix", "zsysnum_linux_"+file+".go")
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		ast.Inspect(parsed, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			nr, err := strconv.ParseUint(v.Values[0].(*ast.BasicLit).Value, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.ToLower(strings.TrimPrefix(v.Names[0].Name, "SYS_"))
			if name == "syscall_mask" || name == "arch_specific_syscall" {
				return true
			}
			seen[name] = true
			if got, ok := Number(arch, name); !ok || uint64(got) != nr {
				t.Errorf("%v: %s is %d, want %d; go generate ./seccomp", arch, name, got, nr)
			}
			return true
		})
		for _, name := range Names(arch) {
			nr, _ := Number(arch, name)
			if !seen[name] && nr < privateARM {
				t.Errorf("%v: %s is nowhere else", arch, name)
			}
		}
		if len(seen) < 300 {
			t.Errorf("%v: only %d calls", arch, len(seen))
		}
	}
}

func TestNames(t *testing.T) {
	for arch := range arches {
		names := Names(arch)
		if !slices.IsSorted(names) {
			t.Errorf("%v: not sorted", arch)
		}
		for _, name := range names {
			nr, ok := Number(arch, name)
			if back, ok2 := Name(arch, nr); !ok || !ok2 || back != name {
				t.Errorf("%v: %s is %d, which is %s", arch, name, nr, back)
			}
			if !Known(name) {
				t.Errorf("%s is not known", name)
			}
		}
	}
	for _, x := range []struct {
		arch Arch
		name string
		nr   uint32
	}{
		{X32, "ioctl", 514 | x32Bit}, {X32, "read", x32Bit}, {X32, "pwritev2", 547 | x32Bit}, {ARM, "set_tls", 0xf0005}, {AMD64, "ioctl", 16}, {I386, "umount", 22},
	} {
		if nr, ok := Number(x.arch, x.name); !ok || nr != x.nr {
			t.Errorf("%v %s: %#x, want %#x", x.arch, x.name, nr, x.nr)
		}
	}
	for _, x := range []struct {
		arch Arch
		nr   uint32
	}{{AMD64, 512}, {AMD64, x32Bit}, {X32, 0}, {X32, x32Bit | 16}, {AMD64, 1 << 31}, {AMD64, skipped}, {X32, 1<<31 | x32Bit}, {ARM, 0xf0000}, {ARM, 0x7f01}, {ARM, 0xf0010}, {noArch, 0}} {
		if name, ok := Name(x.arch, x.nr); ok {
			t.Errorf("%v %#x is %s", x.arch, x.nr, name)
		}
	}
	for _, name := range []string{"", "opena", "zzz", "OPEN"} {
		if Known(name) {
			t.Errorf("%q is known", name)
		}
	}
}

func TestArch(t *testing.T) {
	for a, want := range map[Arch]uint32{AMD64: unix.AUDIT_ARCH_X86_64, X32: unix.AUDIT_ARCH_X86_64, I386: unix.AUDIT_ARCH_I386, ARM64: unix.AUDIT_ARCH_AARCH64, ARM: unix.AUDIT_ARCH_ARM} {
		if a.Audit() != want {
			t.Errorf("%v: %#x, want %#x", a, a.Audit(), want)
		}
		if back, err := ParseArch(a.String()); err != nil || back != a {
			t.Error(back, err)
		}
	}
	if _, err := ParseArch("mips"); err == nil {
		t.Error("mips is known")
	}
}

func TestGroups(t *testing.T) {
	for _, g := range Groups() {
		if !strings.HasPrefix(g, "@") || len(Members(g)) == 0 {
			t.Errorf("%s: %v", g, Members(g))
		}
		for i, name := range Members(g) {
			if !Known(name) {
				t.Errorf("%s: %s is unknown", g, name)
			}
			if slices.Contains(Members(g)[:i], name) {
				t.Errorf("%s: %s twice", g, name)
			}
		}
	}
	if Members("@nothing") != nil || Members("read") != nil {
		t.Error("a group that does not exist has members")
	}
}

func TestActions(t *testing.T) {
	for _, a := range []Action{{}, {Kind: KillThread}, {Kind: Trap}, {Trap, 7}, Fails(unix.EPERM), {Errno, 4000}, {Errno, 0}, {Kind: Notify}, {Kind: Trace}, {Trace, 65535}, {Kind: Log}, {Kind: Allow}} {
		if back, err := ParseAction(a.String()); err != nil || back != a {
			t.Errorf("%v: read back as %v, %v", a, back, err)
		}
		if actionOf(a.value()) != a {
			t.Errorf("%v: %#x", a, a.value())
		}
	}
	for _, text := range []string{"", "errno", "errno EFOO", "errno 4096", "errno -1", "allow 3", "kill x", "trap x", "trap 65536", "Allow", "errno  "} {
		if a, err := ParseAction(text); err == nil {
			t.Errorf("%q is %v", text, a)
		}
	}
}
