package testhost

import (
	"encoding/binary"
	"runtime"
)

// Foreign is a static program for this processor's 32-bit architecture: it asks for its
// process id and ends with 0. Nil: none is known.
func Foreign() []byte {
	switch runtime.GOARCH {
	case "amd64":
		return elf32(3, []byte{
			0xb8, 20, 0, 0, 0, 0xcd, 0x80, // mov eax, getpid; int 0x80
			0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80, // mov eax, exit; xor ebx, ebx; int 0x80
		})
	case "arm64":
		var code []byte
		// mov r7, getpid; svc 0; mov r0, 0; mov r7, exit; svc 0
		for _, in := range []uint32{0xe3a07014, 0xef000000, 0xe3a00000, 0xe3a07001, 0xef000000} {
			code = binary.LittleEndian.AppendUint32(code, in)
		}
		return elf32(40, code)
	}
	return nil
}

// Int80 is a static 64-bit program of amd64 that makes a call through the interface of
// the 32-bit one, getpid, and ends with 0. Nil: on another processor.
func Int80() []byte {
	if runtime.GOARCH != "amd64" {
		return nil
	}
	return elf64(62, []byte{
		0xb8, 20, 0, 0, 0, 0xcd, 0x80, // mov eax, getpid; int 0x80
		0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, // mov eax, exit; xor edi, edi; syscall
	})
}

// base is where the programs are loaded.
const base = 0x10000

// identity is the start of an elf(5) header; its fifth byte says how wide the file is.
func identity(wide byte) []byte {
	return []byte{0x7f, 'E', 'L', 'F', wide, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
}

func elf32(machine uint16, code []byte) []byte {
	const header, programHeader = 52, 32
	le := binary.LittleEndian
	b := identity(1)
	b = le.AppendUint16(le.AppendUint16(b, 2), machine) // ET_EXEC
	flags := uint32(0)
	if machine == 40 {
		flags = 0x05000000 // EABI 5
	}
	for _, v := range []uint32{1, base + header + programHeader, header, 0, flags} {
		b = le.AppendUint32(b, v)
	}
	for _, v := range []uint16{header, programHeader, 1, 0, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	size := uint32(header + programHeader + len(code))
	for _, v := range []uint32{1, 0, base, base, size, size, 5, 0x1000} { // PT_LOAD, read and execute
		b = le.AppendUint32(b, v)
	}
	return append(b, code...)
}

func elf64(machine uint16, code []byte) []byte {
	const header, programHeader = 64, 56
	le := binary.LittleEndian
	b := identity(2)
	b = le.AppendUint16(le.AppendUint16(b, 2), machine)
	b = le.AppendUint32(b, 1)
	for _, v := range []uint64{base + header + programHeader, header, 0} {
		b = le.AppendUint64(b, v)
	}
	b = le.AppendUint32(b, 0)
	for _, v := range []uint16{header, programHeader, 1, 0, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(le.AppendUint32(b, 1), 5)
	size := uint64(header + programHeader + len(code))
	for _, v := range []uint64{0, base, base, size, size, 0x1000} {
		b = le.AppendUint64(b, v)
	}
	return append(b, code...)
}
