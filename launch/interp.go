//go:build amd64 || arm64

package launch

import (
	"bytes"
	"sync"
	"unsafe"
)

// interpAddress is where the interpreter's machine code lies in this process.
// It is implemented, beside the interpreter itself, in interp_GOARCH.s.
func interpAddress() uintptr

// interpEnd stands behind the last instruction of the interpreter.
const interpEnd = "usbxEnd!"

// interpMax is more than any interpreter's size: with the ELF headers it fits
// into the image's first page.
const interpMax = 2048

// interpreter returns the interpreter's machine code, without the end mark.
var interpreter = sync.OnceValue(func() []byte {
	at := interpAddress()
	code := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), interpMax)
	n := bytes.Index(code, []byte(interpEnd))
	if n < 0 {
		panic("BUG: launch: the interpreter has no end")
	}
	return code[:n:n]
})
