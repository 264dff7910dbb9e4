package escape

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
)

// Who is in the namespaces that usandbox enter enters, with every capability there,
// tries to get at what the caller has: the environment, arguments, file descriptors,
// working directory, memory and program of the process that enters.
//
// Defence: it is the image, sealed and without anything of the caller's, and not
// dumpable from before the first setns(2) to the command's execve.
func TestEnter(t *testing.T) {
	s := newScene(t, &attack{name: "enter"}, build)
	before := snapshot(t, program, usandbox)
	outer := startWatch(t)

	// A caller with something to lose, who runs a command that is long looked for.
	enter := func(command ...string) *exec.Cmd {
		cmd := exec.Command(usandbox, append([]string{"enter", "-t", outer.target, "--all", "--"}, command...)...)
		long := slices.Repeat([]string{"/none/such/folder"}, 1000)
		cmd.Env = append(os.Environ(), "SECRET="+s.token, "PATH="+strings.Join(append(long, "/usr/bin:/bin"), ":"))
		cmd.Dir = s.secret
		for _, name := range []string{filepath.Join(s.secret, "token"), s.secret, "/proc/self/ns/net"} {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			cmd.ExtraFiles = append(cmd.ExtraFiles, f)
		}
		return cmd
	}

	// While the command runs, usandbox waits beside it, in the user namespace: one who
	// is there and in the caller's PID namespace sees it.
	waiting := enter("cat")
	in, err := waiting.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := waiting.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := waiting.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(in, "ready")
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the command does not run: %q, %v", line, err)
	}
	fmt.Fprintln(outer.in, "attack", waiting.Process.Pid)
	for line := outer.line(t); line != "attacked"; line = outer.line(t) {
		t.Error("the process that waits:", line)
	}
	in.Close()
	if err := waiting.Wait(); err != nil {
		t.Error(err)
	}

	// While it enters, those in the PID namespace see it until it executes the command.
	for range rounds(t, 100) {
		if text, err := enter("true").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	fmt.Fprintln(outer.in, "look "+s.token)
	seen := 0
	for line := outer.line(t); line != "looked"; line = outer.line(t) {
		if n, ok := strings.CutPrefix(line, "seen "); ok {
			seen, _ = strconv.Atoi(n)
		} else {
			t.Error("the process that enters:", line)
		}
	}
	if seen == 0 {
		t.Error("BUG: the process that enters was never seen")
	}
	t.Logf("seen %d times", seen)
	same(t, before, snapshot(t, program, usandbox))
}

// watch is a process in a user namespace of its own, in the PID namespace of the
// tests, and its child, the target, in a PID namespace too.
type watch struct {
	target string
	in     io.Writer
	out    *bufio.Scanner
}

func startWatch(t *testing.T) *watch {
	t.Helper()
	cmd := again("enter-watch")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	late := time.AfterFunc(testhost.Patient(time.Minute), func() { cmd.Process.Kill() })
	t.Cleanup(func() { late.Stop() })
	w := &watch{in: in, out: bufio.NewScanner(out)}
	for line := w.line(t); line != "ready"; line = w.line(t) { // the target says that
		w.target = line
	}
	if w.target == "" { // it was faster than its parent
		w.target = w.line(t)
	}
	return w
}

func (w *watch) line(t *testing.T) string {
	t.Helper()
	if !w.out.Scan() {
		t.Fatal("the process that watches has ended")
	}
	return w.out.Text()
}

func init() {
	roles["enter-watch"] = enterWatch
	roles["enter-target"] = enterTarget
}

// enterWatch starts the target, says its number and attacks what it is told to.
func enterWatch([]string) {
	target := exec.Command("/proc/self/exe")
	target.Env = append(os.Environ(), roleVariable+"=enter-target")
	target.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	in, err := target.StdinPipe()
	if err == nil {
		target.Stdout = os.Stdout
		err = target.Start()
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(target.Process.Pid)
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		switch verb, what, _ := strings.Cut(s.Text(), " "); verb {
		case "attack":
			attackEntering(what)
			fmt.Println("attacked")
		case "look":
			fmt.Fprintln(in, what)
		}
	}
	target.Process.Kill()
	target.Wait()
}

// attackEntering tries everything on a process that is said to be usandbox, and
// prints what it has got.
func attackEntering(pid string) {
	dir := "/proc/" + pid + "/"
	n, _ := strconv.Atoi(pid)
	if name := status(pid, "Name"); name != "usandbox" {
		fmt.Println("BUG: the process is called", name)
	}
	if text, err := os.ReadFile(dir + "cmdline"); err != nil || string(text) != "usandbox\x00" {
		fmt.Printf("its arguments are %q, %v\n", text, err)
	}
	refused := func(what string, err error) {
		if err == nil {
			fmt.Println(what)
		}
	}
	for _, name := range []string{"environ", "mem", "maps", "smaps", "auxv", "stack", "syscall", "io", "pagemap", "fd/0", "fd/3", "map_files/400000-401000", "ns/net", "ns/user"} {
		refused("read "+name, mayRead(dir+name))
	}
	for _, name := range []string{"exe", "cwd", "root", "fd/0", "fd/3", "ns/mnt"} {
		_, err := os.Readlink(dir + name)
		refused("readlink "+name, err)
		refused("open "+name, mayOpen(dir+name, unix.O_PATH))
	}
	for _, name := range []string{"exe", "mem"} {
		refused("open "+name+" for writing", mayOpen(dir+name, unix.O_WRONLY))
	}
	// Who is root outside may list the numbers. One is for signals.
	if list, err := os.ReadDir(dir + "fd"); err == nil && len(list) > 1 {
		fmt.Println("it has the file descriptors", list)
	}
	var word [8]byte
	local := unix.Iovec{Base: &word[0], Len: 8}
	_, err := unix.ProcessVMReadv(n, []unix.Iovec{local}, []unix.RemoteIovec{{Base: 0x401000, Len: 8}}, 0)
	refused("process_vm_readv", err)
	_, err = unix.ProcessVMWritev(n, []unix.Iovec{local}, []unix.RemoteIovec{{Base: 0x401000, Len: 8}}, 0)
	refused("process_vm_writev", err)
	pidfd, err := unix.PidfdOpen(n, 0)
	if err != nil {
		fmt.Println("BUG: pidfd_open:", err)
	}
	for fd := range 10 {
		_, err := unix.PidfdGetfd(pidfd, fd, 0)
		refused(fmt.Sprint("pidfd_getfd ", fd), err)
	}
	for number := uintptr(1); number <= 10; number++ { // PIDFD_GET_*_NAMESPACE
		refused(fmt.Sprint("namespace ioctl ", number), call(unix.SYS_IOCTL, uintptr(pidfd), 0xff00|number, 0))
	}
	refused("PTRACE_SEIZE", call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(n), 0, 0))
}

// enterTarget is PID 1 of the namespace that is entered. It looks at whoever comes,
// until it is told the secret, and prints what shows something of the caller: by its
// contents, as the command, once executed, may be looked at.
func enterTarget([]string) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		fmt.Println(err)
		return
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		fmt.Println(err)
		return
	}
	secret := make(chan string, 1)
	go func() {
		s := bufio.NewScanner(os.Stdin)
		s.Scan()
		secret <- s.Text()
	}()
	fmt.Println("ready")
	seen := 0
	found := map[string]bool{}
	for {
		select {
		case token := <-secret:
			for line := range found {
				if strings.Contains(line, token) || strings.HasPrefix(line, "!") {
					fmt.Println(strings.TrimPrefix(line, "!"))
				}
			}
			fmt.Println("seen", seen)
			fmt.Println("looked")
			return
		default:
		}
		names, _ := filepath.Glob("/proc/[0-9]*")
		for _, dir := range names {
			if dir == "/proc/1" {
				continue
			}
			if lookAt(dir, found) {
				seen++
			}
		}
	}
}

// lookAt reads what it can of a process, and reports whether that was usandbox.
func lookAt(dir string, found map[string]bool) (usandbox bool) {
	name, _ := os.ReadFile(dir + "/comm")
	for _, file := range []string{"cmdline", "environ", "auxv"} {
		if text, err := os.ReadFile(dir + "/" + file); err == nil {
			found[fmt.Sprintf("%s: %q", file, text)] = true
			if file == "cmdline" && strings.Contains(string(text), "--all") {
				found["!arguments of the caller: "+string(text)] = true
			}
		}
	}
	if exe, err := os.Readlink(dir + "/exe"); err == nil && (strings.Contains(exe, "memfd") || strings.Contains(exe, "usandbox")) {
		found["!the program: "+exe] = true
	}
	if cwd, err := os.Readlink(dir + "/cwd"); err == nil && cwd != "/" {
		found["!the working directory: "+cwd] = true
	}
	fds, _ := filepath.Glob(dir + "/fd/*")
	for _, fd := range fds {
		link, err := os.Readlink(fd)
		if err != nil {
			continue
		}
		for _, bad := range []string{"secret", "token", "net:", "pidfd", "memfd"} {
			if strings.Contains(link, bad) {
				found["!a file descriptor: "+link] = true
			}
		}
	}
	return string(name) == "usandbox\n"
}
