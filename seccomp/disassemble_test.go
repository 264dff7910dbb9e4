package seccomp

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestDisassemble(t *testing.T) {
	p := Program{
		{Code: ldAbs, K: 4},
		{Code: jeq, Jt: 1, K: AMD64.Audit()},
		{Code: retK, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: ldAbs, K: 0},
		{Code: jge, Jt: 3, Jf: 0, K: x32Bit},
		{Code: jeq, Jt: 0, Jf: 6, K: 165},
		{Code: ldAbs, K: 20},
		{Code: jset, Jt: 4, Jf: 3, K: 0x10},
		{Code: ja, K: 3},
		{Code: unix.BPF_MISC | unix.BPF_TAX},
		{Code: unix.BPF_ALU | unix.BPF_XOR | unix.BPF_X},
		{Code: retK, K: unix.SECCOMP_RET_ERRNO | 38},
		{Code: retK, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	const want = `   0 ld [4]                           # architecture
   1 jeq 0xc000003e, 3, 2             # amd64
   2 ret 0x80000000                   # kill
   3 ld [0]                           # number
   4 jge 0x40000000, 8, 5             # read
   5 jeq 0xa5, 6, 12                  # mount
   6 ld [20]                          # arg0, high
   7 jset 0x10, 12, 11
   8 ja 12
   9 tax                              # never reached
  10 xor x                            # never reached
  11 ret 0x50026                      # errno ENOSYS
  12 ret 0x7fff0000                   # allow
`
	if got := p.Disassemble(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Behind a join of two ways only what is certain on both counts.
func TestKnowledgeJoins(t *testing.T) {
	p := Program{
		{Code: ldAbs, K: 4},
		{Code: jeq, Jt: 0, Jf: 1, K: AMD64.Audit()},
		{Code: ldAbs, K: 0},
		{Code: jeq, K: 165}, // A is the number, or the architecture
		{Code: retK},
	}
	if got := strings.Split(p.Disassemble(), "\n")[3]; strings.Contains(got, "#") {
		t.Errorf("%q", got)
	}
}

func TestReadProgram(t *testing.T) {
	ret := Program{{Code: retK}}.Bytes()
	for _, c := range []struct {
		raw  []byte
		want string
	}{
		{nil, "empty"},
		{ret[:7], "7 bytes"},
		{bytes.Repeat(ret, 4097), "more than 4096 instructions"},
		{Program{{Code: ldAbs, K: 64}, {Code: retK}}.Bytes(), "instruction 0: a load from 64"},
		{Program{{Code: ldAbs, K: 2}, {Code: retK}}.Bytes(), "instruction 0: a load from 2"},
		{Program{{Code: retK}, {Code: ja, K: 0xffffffff}, {Code: retK}}.Bytes(), "instruction 1: a jump beyond the end"},
		{Program{{Code: jeq, Jf: 1}, {Code: retK}}.Bytes(), "instruction 0: a jump beyond the end"},
		{Program{{Code: unix.BPF_LD | unix.BPF_MEM, K: 3}, {Code: retK}}.Bytes(), "memory word 3 is loaded before"},
		{Program{{Code: ldAbs}}.Bytes(), "no return"},
	} {
		if _, err := ReadProgram(bytes.NewReader(c.raw)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d bytes: %v; want %q", len(c.raw), err, c.want)
		}
	}
	if p, err := ReadProgram(bytes.NewReader(bytes.Repeat(ret, 4096))); err != nil || len(p) != 4096 {
		t.Errorf("%d instructions, %v", len(p), err)
	}
	if _, err := ReadProgram(failing{}); err != os.ErrPermission {
		t.Errorf("an error of the reader: %v", err)
	}
}

// The kernel takes the programs that Check takes, and no others.
func TestCheckLikeKernel(t *testing.T) {
	const inside = "USANDBOX_TEST_CHECK"
	if os.Getenv(inside) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCheckLikeKernel$")
		cmd.Env = append(os.Environ(), inside+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	rnd, taken, refused := rand.New(rand.NewPCG(3, 4)), 0, 0
	for range 300 {
		done := make(chan bool)
		go func() { // the thread ends with its filters
			defer close(done)
			runtime.LockOSThread()
			if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
				t.Error(err)
				return
			}
			for range 100 {
				p := randomProgram(rnd)
				prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
				_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
				if err := p.Check(); (err == nil) != (errno == 0) || errno != 0 && errno != unix.EINVAL {
					t.Errorf("%v\nCheck: %v; the kernel: %v", p, err, errno)
				}
				if errno == 0 {
					taken++
				} else {
					refused++
				}
			}
		}()
		<-done
	}
	if taken < 1000 || refused < 1000 {
		t.Errorf("%d taken, %d refused", taken, refused)
	}
}

// randomProgram allows everything in its first instruction; the kernel looks at the
// others all the same.
func randomProgram(r *rand.Rand) Program {
	p := Program{{Code: retK, K: unix.SECCOMP_RET_ALLOW}}
	codes := [...]uint16{ldAbs, ja, jeq, jset, jgt | unix.BPF_X, and, retK, unix.BPF_RET | unix.BPF_A,
		unix.BPF_LD | unix.BPF_MEM, unix.BPF_LDX | unix.BPF_MEM, unix.BPF_ST, unix.BPF_STX, unix.BPF_LD | unix.BPF_LEN,
		unix.BPF_ALU | unix.BPF_DIV, unix.BPF_ALU | unix.BPF_LSH, unix.BPF_ALU | unix.BPF_RSH | unix.BPF_X, unix.BPF_ALU | unix.BPF_NEG,
		unix.BPF_ALU | unix.BPF_XOR, unix.BPF_MISC, unix.BPF_MISC | unix.BPF_TXA, unix.BPF_LDX | unix.BPF_IMM}
	for range r.IntN(6) {
		in := unix.SockFilter{Code: codes[r.IntN(len(codes))], Jt: uint8(r.IntN(4)), Jf: uint8(r.IntN(4)), K: uint32(r.IntN(5))}
		switch r.IntN(20) {
		case 0:
			in.Code = uint16(r.Uint32()) >> r.IntN(16)
		case 1:
			in.K = r.Uint32() >> r.IntN(32)
		case 2:
			in.Code ^= 1 << r.IntN(16)
		}
		p = append(p, in)
	}
	if r.IntN(8) > 0 {
		p = append(p, unix.SockFilter{Code: retK})
	}
	return p
}

func FuzzReadProgram(f *testing.F) {
	f.Add(Program{{Code: ldAbs, K: 4}, {Code: jeq, K: 1}, {Code: retK, K: 0x50001}}.Bytes())
	f.Add(Program{{Code: unix.BPF_ST, K: 4}, {Code: unix.BPF_LDX | unix.BPF_MEM, K: 4}, {Code: unix.BPF_RET | unix.BPF_A}}.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ReadProgram(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if !bytes.Equal(p.Bytes(), raw) {
			t.Fatalf("%x becomes %x", raw, p.Bytes())
		}
		if n := strings.Count(p.Disassemble(), "\n"); n != len(p) {
			t.Fatalf("%d lines for %d instructions", n, len(p))
		}
	})
}
