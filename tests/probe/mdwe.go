package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// mdwe asks for memory that is writable and executable, and for one that becomes so.
func mdwe([]string) error {
	page, size := unix.MAP_PRIVATE|unix.MAP_ANON, unix.Getpagesize()
	_, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, page)
	fmt.Println("writable and executable:", works(err))
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, page)
	if err != nil {
		return err
	}
	fmt.Println("executable later:", works(unix.Mprotect(memory, unix.PROT_READ|unix.PROT_EXEC)))
	return nil
}

func works(err error) string {
	if err == nil {
		return "works"
	}
	return err.Error()
}
