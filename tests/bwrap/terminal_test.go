package bwrap

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTerminal compares runs whose standard streams are a terminal.
func TestTerminal(t *testing.T) {
	for _, x := range []struct{ name, args, command string }{
		{"tty", "--dev-bind /dev /dev --proc /proc", "tty; stty size; test -t 0 && echo terminal"},
		{"console", "--dev /dev --proc /proc", "stat -c '%n %F %a' /dev/console /dev/tty /dev/pts/ptmx; grep console /proc/self/mountinfo | cut -d' ' -f4-6; echo hello >/dev/console"},
		{"controlled", "--dev /dev", "echo by tty >/dev/tty; echo $?"},
		{"new_session", "--dev /dev --new-session", "echo by tty >/dev/tty; echo $?; test -t 0 && echo terminal"},
		{"input", "--dev /dev --unshare-pid", "read x; echo read $x"},
		{"interrupt", "--dev /dev --unshare-pid", "trap 'echo caught; exit 3' INT; read x; kill -INT $$; echo not reached"},
	} {
		t.Run(x.name, func(t *testing.T) {
			a := ask{args: base()}.with(x.args, "sh", "-c", x.command)
			want, got := a.onTerminal(t, theirs), a.onTerminal(t, ours)
			if want != got {
				t.Errorf("bwrap %q: bubblewrap\n%s\nours\n%s", a.args, want, got)
			}
		})
	}
}

// TestTerminalInput puts a character into the input of the caller's terminal, by ioctl(2):
// bubblewrap lets that happen.
func TestTerminalInput(t *testing.T) {
	for _, request := range []string{"0x5412", "0x541c"} {
		a := ask{args: base()}.with("--dev /dev --proc /proc", "perl", "-e", `my $c = "x"; ioctl(STDIN, `+request+`, $c) ? print "done\n" : print $!+0, "\n"`)
		if got := a.onTerminal(t, ours); !strings.HasPrefix(got, "1\r\n") {
			t.Errorf("ioctl %s: %q; want EPERM", request, got)
		}
	}
}

// TestTerminalElsewhere calls from where the caller's terminal has the name of another one:
// the other is not the sandbox's console.
func TestTerminalElsewhere(t *testing.T) {
	const hidden = " --dev-bind /dev/null /dev/console" // else that is where it is
	const others = `$^F = 1000; my ($n) = readlink("/proc/self/fd/1") =~ m,^/dev/pts/(\d+)$,; defined $n or die "no name";
while (!-e "/dev/pts/$n") { open(my $f, "+<", "/dev/ptmx") or die; push @kept, $f }
exec @ARGV`
	for _, x := range []struct{ args, want string }{{"", "0\r\n/dev/console\r\n"}, {hidden, "1\r\nnot a tty\r\n"}} {
		a := ask{args: base()}
		a.shell = theirs + ` --dev-bind / / --dev /dev` + x.args + ` --proc /proc perl -e '` + others + `' "$@"`
		a = a.with("--dev /dev", "sh", "-c", "test -e /dev/console; echo $?; tty <&1")
		want, got := a.onTerminal(t, theirs), a.onTerminal(t, ours)
		if want != got || !strings.HasPrefix(got, x.want) {
			t.Errorf("with another terminal of that name, %q: bubblewrap\n%s\nours\n%s", x.args, want, got)
		}
	}
}

// onTerminal runs a program with a terminal of its own, to which a line is typed, and returns
// what was on it then, and the exit code.
func (a ask) onTerminal(t *testing.T, program string) string {
	t.Helper()
	makeHost(t)
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	number, err := unix.IoctlGetUint32(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprint("/dev/pts/", number)
	slave, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if uid != -1 {
		if err := os.Chown(name, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	cmd := a.command(program)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true
	master.WriteString("typed\n")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	timer := time.AfterFunc(longest, func() { cmd.Process.Kill() })
	defer timer.Stop()
	var seen strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := master.Read(buf) // EIO: nobody has the terminal open
		if n == 0 || err != nil {
			break
		}
		seen.Write(buf[:n])
	}
	cmd.Wait()
	text := strings.ReplaceAll(strings.Replace(seen.String(), "typed\r\n", "", 1), name, "/dev/pts/N")
	text = strings.ReplaceAll(text, fmt.Sprintf("/%d ", number), "/N ")
	return text + fmt.Sprint(cmd.ProcessState.ExitCode())
}
