package landlock

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// full is a policy that asks for everything.
func full() Policy {
	return Policy{
		Files: []Path{{Name: "/", Rights: Read}, {Name: "/w", Rights: Read | Write}, {Name: "/dev", Rights: IoctlDev}},
		Open:  []int{0}, Bind: []uint16{80}, Connect: []uint16{},
		Scopes: AbstractUnixSocket | Signal, Log: NewExecOn | SubdomainsOff,
	}
}

// What each ABI can have, and what it lacks. No kernel is asked.
func TestDowngrade(t *testing.T) {
	const files, truncate, tcp, ioctl, scopes, log = "files ", "truncate ", "TCP ports ", "ioctl ", "abstract unix sockets signals ", "log "
	for abi, want := range []struct {
		files Rights
		tcp   TCP
		scope Scope
		log   Log
		rules string
		lost  string
		least int
	}{
		0: {0, 0, 0, 0, "", files + tcp + scopes + log, 1},
		1: {0, 0, 0, 0, "", files + tcp + scopes + log, 1},
		2: {0x3fff, 0, 0, 0, "/:d /w:37bf", truncate + tcp + ioctl + scopes + log, 2},
		3: {0x7fff, 0, 0, 0, "/:d /w:77bf", tcp + ioctl + scopes + log, 3},
		4: {0x7fff, 3, 0, 0, "/:d /w:77bf", ioctl + scopes + log, 4},
		5: {0xffff, 3, 0, 0, "/:d /w:77bf /dev:8000", scopes + log, 5},
		6: {0xffff, 3, 3, 0, "/:d /w:77bf /dev:8000", log, 6},
		7: {0xffff, 3, 3, NewExecOn | SubdomainsOff, "/:d /w:77bf /dev:8000", "", 7},
		8: {0xffff, 3, 3, NewExecOn | SubdomainsOff, "/:d /w:77bf /dev:8000", "", 7},
	} {
		r, lost := full().Downgrade(abi)
		var rules []string
		for _, f := range r.Files {
			rules = append(rules, fmt.Sprintf("%s:%x", f.Name, uint64(f.Rights)))
		}
		text := ""
		for _, l := range lost {
			text += l.What + " "
			if l.ABI <= abi || l.ABI > Newest {
				t.Errorf("ABI %d: %s is lost, which ABI %d has", abi, l.What, l.ABI)
			}
		}
		if r.HandledFiles != want.files || r.HandledTCP != want.tcp || r.Scoped != want.scope || r.Log != want.log ||
			strings.Join(rules, " ") != want.rules || text != want.lost {
			t.Errorf("ABI %d: %+v, lost %s", abi, r, text)
		}
		if got := r.least(); got != want.least {
			t.Errorf("ABI %d: the ruleset is one of ABI %d", abi, got)
		}
		if r.Empty() != (abi < 2) {
			t.Errorf("ABI %d: empty: %v", abi, r.Empty())
		}
	}
}

// What was not asked for is not lost, and not handled.
func TestDowngradeNil(t *testing.T) {
	for abi := range Newest + 1 {
		if r, lost := (Policy{}).Downgrade(abi); !r.Empty() || len(lost) > 0 {
			t.Errorf("ABI %d: %+v, lost %v", abi, r, lost)
		}
		r, lost := Policy{Files: []Path{}, Bind: []uint16{}, Log: SubdomainsOff}.Downgrade(abi)
		if abi >= 2 && (r.HandledFiles != handled(abi) || r.Files == nil || len(r.Files) > 0) {
			t.Errorf("ABI %d: no file is allowed, but %+v", abi, r)
		}
		if abi >= 4 && r.HandledTCP != BindTCP {
			t.Errorf("ABI %d: no port may be bound to, but %+v", abi, r)
		}
		if abi >= 5 && len(lost) > 0 {
			t.Errorf("ABI %d: lost %v", abi, lost)
		}
	}
}

// A ruleset is not touched by what becomes of another.
func TestDowngradeCopies(t *testing.T) {
	p := full()
	p.Downgrade(2)
	if !reflect.DeepEqual(p, full()) {
		t.Errorf("the policy has become %+v", p)
	}
}

// The numbers are the kernel's.
func TestNumbers(t *testing.T) {
	for got, want := range map[Rights]uint64{
		Execute: unix.LANDLOCK_ACCESS_FS_EXECUTE, WriteFile: unix.LANDLOCK_ACCESS_FS_WRITE_FILE, ReadFile: unix.LANDLOCK_ACCESS_FS_READ_FILE,
		ReadDir: unix.LANDLOCK_ACCESS_FS_READ_DIR, RemoveDir: unix.LANDLOCK_ACCESS_FS_REMOVE_DIR, RemoveFile: unix.LANDLOCK_ACCESS_FS_REMOVE_FILE,
		MakeChar: unix.LANDLOCK_ACCESS_FS_MAKE_CHAR, MakeDir: unix.LANDLOCK_ACCESS_FS_MAKE_DIR, MakeReg: unix.LANDLOCK_ACCESS_FS_MAKE_REG,
		MakeSock: unix.LANDLOCK_ACCESS_FS_MAKE_SOCK, MakeFifo: unix.LANDLOCK_ACCESS_FS_MAKE_FIFO, MakeBlock: unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK,
		MakeSym: unix.LANDLOCK_ACCESS_FS_MAKE_SYM, Refer: unix.LANDLOCK_ACCESS_FS_REFER, Truncate: unix.LANDLOCK_ACCESS_FS_TRUNCATE,
		IoctlDev: unix.LANDLOCK_ACCESS_FS_IOCTL_DEV,
	} {
		if uint64(got) != want {
			t.Errorf("%v is %#x, in the kernel %#x", got, uint64(got), want)
		}
	}
	if len(rightNames) != 16 || all != 1<<16-1 {
		t.Error("there are more or fewer rights than names")
	}
	if AbstractUnixSocket != unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET || Signal != unix.LANDLOCK_SCOPE_SIGNAL ||
		BindTCP != unix.LANDLOCK_ACCESS_NET_BIND_TCP || ConnectTCP != unix.LANDLOCK_ACCESS_NET_CONNECT_TCP {
		t.Error("scopes or TCP rights are others")
	}
	if SameExecOff != unix.LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF || NewExecOn != unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON ||
		SubdomainsOff != unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF {
		t.Error("log flags are others")
	}
}
