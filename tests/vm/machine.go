package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Machine is a virtual machine, started once for one job.
type Machine struct {
	Kernel Kernel
	Guest  string // program that is init of the initramfs and what starts the job
	Root   string // image of the root file system; not changed
	Plain  bool   // without systemd: see plainInit
	Job    string // tar file, unpacked into the user's home folder; its "run" is executed
	Memory int    // MiB
	Limit  time.Duration
	Dir    string   // for the initramfs
	Log    string   // file for the kernel's messages
	Append []string // to the kernel's command line
}

// exitLine begins the last line that the guest writes; the exit code follows.
const exitLine = "vm: exit "

// Run boots the machine, copies what the job prints to w, and returns its exit code.
// A machine that ended without one, or that took longer than its limit, is an error. It is
// turned off when the context ends.
func (m Machine) Run(ctx context.Context, w io.Writer) (code int, err error) {
	initramfs, err := os.CreateTemp(m.Dir, "initramfs-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(initramfs.Name())
	defer initramfs.Close()
	if err := m.Kernel.initramfs(initramfs, m.Guest); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, m.Limit)
	defer cancel()
	words := []string{"console=ttyS0", "quiet", "panic=-1", "random.trust_cpu=on", "systemd.show_status=0", "rd.systemd=0"}
	if m.Plain {
		words = append(words, plainWord)
	}
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", strconv.Itoa(m.Memory),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none",
		"-kernel", m.Kernel.Image, "-initrd", initramfs.Name(), "-append", strings.Join(append(words, m.Append...), " "),
		"-serial", "file:"+m.Log, "-serial", "stdio",
		"-drive", "if=virtio,format=raw,cache=unsafe,snapshot=on,file="+m.Root,
		"-drive", "if=virtio,format=raw,cache=unsafe,snapshot=on,file="+m.Kernel.Modules,
		"-drive", "if=virtio,format=raw,readonly=on,file="+m.Job)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	code = -1
	for in := bufio.NewReader(out); ; {
		line, err := in.ReadString('\n')
		if rest, ok := strings.CutPrefix(line, exitLine); ok {
			if code, err = strconv.Atoi(strings.TrimSpace(rest)); err != nil {
				code = -1
			}
			continue
		}
		io.WriteString(w, line)
		if err != nil {
			break
		}
	}
	err = cmd.Wait()
	switch {
	case code >= 0:
		return code, nil
	case ctx.Err() == context.Canceled:
		return 0, context.Canceled
	case ctx.Err() != nil:
		return 0, fmt.Errorf("%s: not done after %v; the kernel's messages are in %s", m.Kernel.Version, m.Limit, m.Log)
	}
	return 0, fmt.Errorf("%s: the machine ended before the job did (%v); the kernel's messages are in %s", m.Kernel.Version, err, m.Log)
}
