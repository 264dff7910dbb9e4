package seccomp

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// everyOpening are lists of what is open: nothing, each alone, all.
func everyOpening() (lists [][]string) {
	var all []string
	lists = append(lists, nil)
	for _, o := range Openings() {
		lists = append(lists, []string{o.Name})
		all = append(all, o.Name)
	}
	return append(lists, all)
}

func TestDefaultCompiles(t *testing.T) {
	for _, open := range everyOpening() {
		t.Run(strings.Join(open, ","), func(t *testing.T) {
			p, err := Options{Open: open, NoMPTCP: len(open) == 1}.Default()
			if err != nil {
				t.Fatal(err)
			}
			compare(t, &p, argsFor(&p, rand.New(rand.NewPCG(7, 8)), 40))
			p.Arches = []Arch{AMD64, I386, X32, ARM64, ARM}
			compare(t, &p, argsFor(&p, rand.New(rand.NewPCG(9, 8)), 6))
		})
	}
}

// What lies in the package is what would be compiled.
func TestDefaultProgram(t *testing.T) {
	for arch, made := range map[Arch]string{AMD64: defaultAMD64, ARM64: defaultARM64} {
		p, err := Default()
		if err != nil {
			t.Fatal(err)
		}
		p.Arches = []Arch{arch}
		now, err := p.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if string(now.Bytes()) != made {
			t.Errorf("%v: defaultprogram.go is out of date: go generate ./seccomp", arch)
		}
		if len(now) > 500 {
			t.Errorf("%v: %d instructions", arch, len(now))
		}
	}
}

func TestOpenings(t *testing.T) {
	rules := defaultRules()
	for _, o := range Openings() {
		p, err := Default(o.Name)
		if err != nil {
			t.Fatal(err)
		}
		whole, _ := Default()
		if len(p.Rules) == len(whole.Rules) && len(p.Arches) == len(whole.Arches) {
			t.Errorf("%s opens nothing", o.Name)
		}
		for _, implied := range o.Implies {
			if _, err := Default(implied); err != nil {
				t.Errorf("%s: %v", o.Name, err)
			}
		}
	}
	for _, r := range rules {
		if _, err := Default(r.Opens); err != nil && r.Opens != "i386" {
			t.Errorf("%v: nothing opens it: %v", r.Calls, err)
		}
	}
	if _, err := Default("chroot", "nothing"); err == nil || !strings.HasPrefix(err.Error(), `unknown group "nothing" (known: bpf, chroot, clone3, `) {
		t.Error(err)
	}
}

// What the default filter says about calls, one by one.
func TestDefault(t *testing.T) {
	const (
		allow, eperm, enosys, nofamily = "allow", "errno EPERM", "errno ENOSYS", "errno EAFNOSUPPORT"
		noproto                        = "errno EPROTONOSUPPORT"
		high                           = 1 << 32
	)
	for _, x := range []struct {
		call string
		args [6]uint64
		want string
	}{
		{"read", [6]uint64{}, allow}, {"ptrace", [6]uint64{}, allow}, {"process_vm_readv", [6]uint64{}, allow},
		{"seccomp", [6]uint64{}, allow}, {"landlock_restrict_self", [6]uint64{}, allow}, {"rseq", [6]uint64{}, allow},
		{"memfd_secret", [6]uint64{}, allow}, {"membarrier", [6]uint64{}, allow}, {"pidfd_getfd", [6]uint64{}, allow},
		{"mount", [6]uint64{}, eperm}, {"umount2", [6]uint64{}, eperm}, {"open_tree_attr", [6]uint64{}, eperm}, {"statmount", [6]uint64{}, allow},
		{"pivot_root", [6]uint64{}, eperm}, {"chroot", [6]uint64{}, eperm}, {"setns", [6]uint64{}, eperm},
		{"clone", [6]uint64{uint64(unix.SIGCHLD)}, allow}, {"clone", [6]uint64{unix.CLONE_NEWUSER | 17}, eperm}, {"clone", [6]uint64{unix.CLONE_NEWNS}, eperm},
		{"clone", [6]uint64{0x80}, allow}, {"clone", [6]uint64{high | unix.CLONE_NEWNET}, eperm}, {"clone", [6]uint64{0x3d0f00}, allow},
		{"unshare", [6]uint64{}, allow}, {"unshare", [6]uint64{unix.CLONE_FS | unix.CLONE_FILES}, allow}, {"unshare", [6]uint64{unix.CLONE_NEWTIME}, eperm},
		{"unshare", [6]uint64{unix.CLONE_NEWUSER | unix.CLONE_FS}, eperm}, {"unshare", [6]uint64{0x100000}, eperm}, {"unshare", [6]uint64{high | unix.CLONE_NEWUSER}, eperm},
		{"clone3", [6]uint64{}, enosys}, {"openat2", [6]uint64{}, enosys},
		{"bpf", [6]uint64{}, eperm}, {"perf_event_open", [6]uint64{}, eperm}, {"userfaultfd", [6]uint64{}, eperm}, {"io_uring_setup", [6]uint64{}, eperm},
		{"io_uring_enter", [6]uint64{}, eperm}, {"io_uring_register", [6]uint64{}, eperm}, {"keyctl", [6]uint64{}, eperm}, {"add_key", [6]uint64{}, eperm},
		{"request_key", [6]uint64{}, eperm}, {"kexec_load", [6]uint64{}, eperm}, {"kexec_file_load", [6]uint64{}, eperm}, {"init_module", [6]uint64{}, eperm},
		{"finit_module", [6]uint64{}, eperm}, {"delete_module", [6]uint64{}, eperm}, {"open_by_handle_at", [6]uint64{}, eperm}, {"name_to_handle_at", [6]uint64{}, eperm},
		{"quotactl", [6]uint64{}, eperm}, {"quotactl_fd", [6]uint64{}, eperm}, {"swapon", [6]uint64{}, eperm}, {"reboot", [6]uint64{}, eperm},
		{"acct", [6]uint64{}, eperm}, {"lookup_dcookie", [6]uint64{}, eperm}, {"syslog", [6]uint64{}, eperm},
		{"socket", [6]uint64{unix.AF_UNIX, 1}, allow}, {"socket", [6]uint64{unix.AF_INET, 1}, allow}, {"socket", [6]uint64{unix.AF_INET6, 2}, allow},
		{"socket", [6]uint64{unix.AF_NETLINK, 3, unix.NETLINK_ROUTE}, allow}, {"socket", [6]uint64{unix.AF_NETLINK, 3, unix.NETLINK_NETFILTER}, nofamily},
		{"socket", [6]uint64{unix.AF_ALG}, nofamily}, {"socket", [6]uint64{unix.AF_VSOCK}, nofamily}, {"socket", [6]uint64{unix.AF_PACKET}, nofamily},
		{"socket", [6]uint64{}, nofamily}, {"socket", [6]uint64{high | unix.AF_ALG}, nofamily}, {"socket", [6]uint64{high | unix.AF_UNIX}, allow},
		{"socket", [6]uint64{unix.AF_INET, unix.SOCK_PACKET | unix.SOCK_CLOEXEC}, nofamily}, {"socket", [6]uint64{unix.AF_INET, 1, unix.IPPROTO_MPTCP}, allow},
		{"socket", [6]uint64{unix.AF_INET, 1, unix.IPPROTO_TCP}, allow}, {"socket", [6]uint64{unix.AF_INET6, 2 | unix.SOCK_CLOEXEC, unix.IPPROTO_UDP}, allow},
		{"socket", [6]uint64{unix.AF_INET, 2, unix.IPPROTO_ICMP}, allow}, {"socket", [6]uint64{unix.AF_INET6, 2, unix.IPPROTO_ICMPV6}, allow},
		{"socket", [6]uint64{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW}, allow}, {"socket", [6]uint64{unix.AF_UNIX, 1, unix.AF_UNIX}, allow},
		{"socket", [6]uint64{unix.AF_INET, 1, unix.IPPROTO_SCTP}, noproto}, {"socket", [6]uint64{unix.AF_INET6, 5 | unix.SOCK_CLOEXEC, high | unix.IPPROTO_SCTP}, noproto},
		{"socket", [6]uint64{unix.AF_INET, 6, unix.IPPROTO_DCCP}, noproto}, {"socket", [6]uint64{unix.AF_INET, 2, unix.IPPROTO_L2TP}, noproto},
		{"socket", [6]uint64{unix.AF_INET, 1, 256}, noproto}, {"socketpair", [6]uint64{unix.AF_INET, 1, unix.IPPROTO_SCTP}, noproto},
		{"ioctl", [6]uint64{0, unix.TIOCSETD}, eperm}, {"ioctl", [6]uint64{0, high | unix.TIOCSETD}, eperm}, {"ioctl", [6]uint64{0, unix.TIOCGETD}, allow},
		{"socketpair", [6]uint64{unix.AF_UNIX, 1}, allow}, {"socketpair", [6]uint64{unix.AF_TIPC, 1}, nofamily},
		{"ioctl", [6]uint64{0, unix.TIOCSTI}, eperm}, {"ioctl", [6]uint64{0, high | unix.TIOCSTI}, eperm}, {"ioctl", [6]uint64{0, tiocLinux}, eperm}, {"ioctl", [6]uint64{0, unix.TCGETS}, allow},
		{"personality", [6]uint64{0}, allow}, {"personality", [6]uint64{8}, allow}, {"personality", [6]uint64{0x20008}, allow}, {"personality", [6]uint64{0x40000}, allow},
		{"personality", [6]uint64{0xffffffff}, allow}, {"personality", [6]uint64{^uint64(0)}, allow}, {"personality", [6]uint64{0x400000}, eperm}, {"personality", [6]uint64{0x440000}, eperm}, {"personality", [6]uint64{1}, eperm},
		{"fchmod", [6]uint64{3, 0o755}, allow}, {"fchmod", [6]uint64{3, 0o4755}, eperm}, {"fchmod", [6]uint64{3, high | 0o2755}, eperm}, {"fchmod", [6]uint64{3, 0o1777}, allow},
		{"fchmodat", [6]uint64{0, 0, 0o6755}, eperm}, {"fchmodat", [6]uint64{0, 0, 0o644}, allow}, {"fchmodat2", [6]uint64{0, 0, 0o4755}, eperm},
		{"openat", [6]uint64{0, 0, 0, 0o4755}, allow}, {"openat", [6]uint64{0, 0, unix.O_CREAT, 0o4755}, eperm}, {"openat", [6]uint64{0, 0, unix.O_TMPFILE, 0o4755}, eperm},
		{"openat", [6]uint64{0, 0, unix.O_DIRECTORY, 0o4755}, allow}, {"openat", [6]uint64{0, 0, unix.O_CREAT, 0o666}, allow}, {"openat", [6]uint64{0, 0, high | unix.O_CREAT, high | 0o4000}, eperm},
		{"mknodat", [6]uint64{0, 0, unix.S_IFREG | 0o4755}, eperm}, {"mknodat", [6]uint64{0, 0, unix.S_IFIFO | 0o644}, allow},
		{"mq_open", [6]uint64{0, unix.O_CREAT, 0o4755}, eperm}, {"mq_open", [6]uint64{0, 0, 0o4755}, allow}, {"mkdirat", [6]uint64{0, 0, 0o2755}, allow},
	} {
		p, err := Default()
		if err != nil {
			t.Fatal(err)
		}
		for _, arch := range []Arch{AMD64, ARM64, I386, ARM, X32} {
			nr, ok := Number(arch, x.call)
			if !ok {
				continue
			}
			p.Arches = []Arch{arch}
			if got, _ := p.Decide(Call{Arch: arch, Number: nr, Args: x.args}); got.String() != x.want {
				t.Errorf("%v %s %#x: %v, want %s", arch, x.call, x.args, got, x.want)
			}
		}
	}
	p, _ := Default()
	p.Arches = []Arch{AMD64}
	for _, x := range []struct {
		arch Arch
		nr   uint32
		want string
	}{
		{AMD64, 1000, enosys}, {AMD64, skipped, enosys}, {AMD64, 512, enosys}, {X32, x32Bit, "kill"}, {X32, x32Bit | 514, "kill"}, {AMD64, x32Bit | 1, "kill"}, {I386, 3, "kill"}, {ARM64, 3, "kill"},
	} {
		if got, _ := p.Decide(Call{Arch: x.arch, Number: x.nr}); got.String() != x.want {
			t.Errorf("%v %#x: %v, want %s", x.arch, x.nr, got, x.want)
		}
	}
}
