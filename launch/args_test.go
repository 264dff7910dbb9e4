package launch

// The interpreter's one step that looks at the image's own arguments and
// environment: which of them it passes on, and that it stops at the end of the room.

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOwnArgs(t *testing.T) {
	argv := []string{"image", "one", "", "three words"}
	env := []string{"LANG=C", "LANGUAGE=x", "LD_PRELOAD=/evil", "HOME=/h", "=", "", "LC_ALL=y", "LC_EVIL=z", "HOM"}
	rules := "\x01LANG=\x00" + "\x02LC_EVIL=\x00" + "\x01LC_\x00" + "\x01HOME=\x00" + "\x00"
	// "LANGUAGE" is like "LANG=" to its fifth byte, and "HOM" ends within a rule.
	kept := []string{"LANG=C", "HOME=/h", "LC_ALL=y"}
	tests := map[string]struct {
		argvRoom, envRoom int // in words, with the NULL at the end
		rules             string
		env               []string
		errno             unix.Errno
	}{
		"fits":             {4, 4, rules, kept, 0},
		"much room":        {20, 20, rules, kept, 0},
		"argv too long":    {3, 4, rules, nil, unix.E2BIG},
		"env too long":     {4, 3, rules, nil, unix.E2BIG},
		"no rules":         {4, 4, "\x00", nil, 0},
		"everything":       {4, 20, "\x01\x00\x00", env, 0},
		"nothing":          {4, 20, "\x02\x00\x01\x00\x00", nil, 0},
		"first rule holds": {4, 20, "\x02LANG\x00\x01L\x00\x00", []string{"LD_PRELOAD=/evil", "LC_ALL=y", "LC_EVIL=z"}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := New(modelFDs)
			// The collected lists become a shell's, which shows them as the kernel has them.
			sh := []string{"sh", "-c", "cat /proc/$$/cmdline /proc/$$/environ >/proc/self/fd/199", "sh"}
			to := p.Data("argv", 40*8, sh[0], sh[1], sh[2], sh[3])
			envp := p.Buffer("env", 30*8)
			p.Call(unix.SYS_CLOSE_RANGE, p.statusFD(), p.controlFD(), unix.CLOSE_RANGE_CLOEXEC).OnAny(nil)
			p.Doing("collect the arguments")
			p.add(OpArgs, 0, []any{to.At(4 * 8).Addr(), test.argvRoom, envp.Addr(), test.envRoom, Struct("rules", []byte(test.rules))})
			p.Doing("execute")
			p.Call(unix.SYS_EXECVE, "/bin/sh", to.Addr(), envp.Addr())
			img, err := p.Image()
			if err != nil {
				t.Fatal(err)
			}
			got, _ := runFile(t, img, nil, argv, env)
			if got.errno != test.errno || test.errno != 0 && got.failed != 1 {
				t.Fatalf("%v", got)
			}
			if test.errno != 0 {
				return
			}
			list := strings.Split(strings.TrimSuffix(got.out, "\x00"), "\x00")
			want := slices.Concat(sh, argv[1:], test.env)
			if os.Getenv("USANDBOX_TEST_EMULATOR") != "" {
				// QEMU hands the environment on in another order, and only "name=value".
				args := len(sh) + len(argv) - 1
				slices.Sort(list[min(args, len(list)):])
				slices.Sort(want[args:])
				want = append(want[:args:args], slices.DeleteFunc(want[args:], func(s string) bool { return !strings.Contains(s, "=") })...)
			}
			if !slices.Equal(list, want) {
				t.Errorf("\n%q, want\n%q", list, want)
			}
		})
	}
}
