package launch

// The image as an executable file, seen by debug/elf: which segments it has, how
// they are protected, how large it is; and what cannot be compiled to one.

import (
	"bytes"
	"debug/elf"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSegments(t *testing.T) {
	img, err := sandboxed("true").Image()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(img.Bytes()); n > 16<<10 {
		t.Errorf("%d bytes", n)
	}
	f, err := elf.NewFile(bytes.NewReader(img.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	if f.Class != elf.ELFCLASS64 || f.Type != elf.ET_EXEC || f.Machine != machine || len(f.Sections) != 0 {
		t.Errorf("%+v", f.FileHeader)
	}
	var loads []elf.ProgFlag
	var end uint64
	stack := false
	for _, s := range f.Progs {
		if s.Flags&elf.PF_W != 0 && s.Flags&elf.PF_X != 0 {
			t.Errorf("writable and executable: %+v", s.ProgHeader)
		}
		switch s.Type {
		case elf.PT_LOAD:
			if s.Vaddr%pageSize != s.Off%pageSize || s.Vaddr < end || s.Off+s.Filesz > uint64(len(img.Bytes())) {
				t.Errorf("misplaced: %+v", s.ProgHeader)
			}
			loads = append(loads, s.Flags)
			end = (s.Vaddr + s.Memsz + pageSize - 1) &^ (pageSize - 1)
		case elf.PT_GNU_STACK:
			stack = s.Flags&elf.PF_X == 0
		default: // no PT_INTERP, no PT_DYNAMIC: it is static
			t.Errorf("a segment of type %v", s.Type)
		}
	}
	slices.Sort(loads)
	if want := []elf.ProgFlag{elf.PF_R, elf.PF_R | elf.PF_X, elf.PF_R | elf.PF_W}; !slices.Equal(loads, want) {
		t.Errorf("loads: %v, want %v", loads, want)
	}
	if !stack {
		t.Error("the stack is executable")
	}
}

// The code in the image is the interpreter, all of it and nothing behind it.
func TestCode(t *testing.T) {
	img, err := sandboxed("true").Image()
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(img.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	code := img.Bytes()[f.Entry-f.Progs[0].Vaddr : f.Progs[0].Filesz]
	if !bytes.Equal(code, interpreter()) || len(code) < 256 || len(code) > interpMax-len(interpEnd) {
		t.Errorf("%d bytes of code", len(code))
	}
	if bytes.Contains(img.Bytes(), []byte(interpEnd)) {
		t.Error("the end mark is in the image")
	}
}

func TestRefused(t *testing.T) {
	tests := map[string]struct {
		build func(p *Program)
		want  string
	}{
		"NUL in a string":        {func(p *Program) { p.Call(unix.SYS_CHDIR, "/a\x00b") }, "NUL"},
		"NUL in an argument":     {func(p *Program) { p.Call(unix.SYS_EXECVE, "/a", Strings([]string{"a", "\x00"})) }, "NUL"},
		"label never placed":     {func(p *Program) { p.Jump(p.Label("nowhere")) }, `label "nowhere"`},
		"label in On not placed": {func(p *Program) { p.Call(unix.SYS_CHDIR, "/").On(unix.EPERM, p.Label("nowhere")) }, `label "nowhere"`},
		"variable of another":    {func(p *Program) { p.Call(unix.SYS_CLOSE, New(0).Var("foreign")) }, `variable "foreign"`},
		"too large":              {func(p *Program) { p.Buffer("huge", maxImage+1) }, "argument list too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := New(3)
			test.build(p)
			img, err := p.Image()
			if err == nil || img != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}
