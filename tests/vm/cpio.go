package main

import (
	"bufio"
	"fmt"
	"io"
)

// archive writes an initramfs: cpio(5), format "newc", uncompressed, everything of
// root.
type archive struct {
	w   *bufio.Writer
	ino int
}

func newArchive(w io.Writer) *archive { return &archive{w: bufio.NewWriter(w)} }

func (a *archive) folder(name string)               { a.entry(name, 0o40755, nil) }
func (a *archive) file(name string, content []byte) { a.entry(name, 0o100755, content) }

// close ends the archive.
func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, nil)
	return a.w.Flush()
}

func (a *archive) entry(name string, mode int, content []byte) {
	a.ino++
	fields := [13]int{a.ino, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0}
	a.w.WriteString("070701")
	for _, f := range fields {
		fmt.Fprintf(a.w, "%08X", f)
	}
	a.w.WriteString(name + "\x00")
	a.pad(6 + 13*8 + len(name) + 1)
	a.w.Write(content)
	a.pad(len(content))
}

// pad fills up to a multiple of four bytes after n.
func (a *archive) pad(n int) { a.w.Write(make([]byte, (4-n%4)%4)) }
