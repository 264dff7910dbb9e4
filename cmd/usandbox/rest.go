package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// restAfter is when a command counts as one that takes long.
const restAfter = 200 * time.Millisecond

// rest gives back what usandbox does not need while it waits: the pages of its
// own program. They come back from the page cache when they are used again.
// Nothing depends on it, so errors are passed over.
func rest() {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	type mapping struct {
		start, end uintptr
		code       bool
	}
	var list []mapping
	for scan := bufio.NewScanner(maps); scan.Scan(); {
		var m mapping
		var perms, offset, dev, inode, name string
		n, _ := fmt.Sscanf(scan.Text(), "%x-%x %s %s %s %s %s", &m.start, &m.end, &perms, &offset, &dev, &inode, &name)
		if n == 7 && name == program && perms[1] == '-' {
			m.code = perms[2] == 'x'
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return
	}
	// In a position-independent program what is read-only now was relocated before:
	// those pages would not come back as they are. Only its code is the file's.
	fixed := list[0].start == 0x400000
	for _, m := range list {
		if !fixed && !m.code {
			continue
		}
		pages := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&m.start))), m.end-m.start)
		unix.Madvise(pages, unix.MADV_DONTNEED)
	}
}
