package sandbox

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// refusedCalls makes two calls that the default filter refuses, n times each.
func refusedCalls(n string) int {
	times, _ := strconv.Atoi(n)
	var root, family error
	for range times {
		root = unix.Chroot("/")
		_, family = unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0)
	}
	fmt.Printf("%v, %v", root, family)
	return 0
}

// floodOfCalls makes n refused calls from several threads, each of another kind; 0: without end.
func floodOfCalls(n string) int {
	times, _ := strconv.Atoi(n)
	const threads = 4
	done := make(chan bool)
	for first := range threads {
		go func() {
			for i := 0; times == 0 || i < times/threads; i++ {
				unix.Socket(100+threads*i+first, unix.SOCK_STREAM, 0)
				if i == 0 && first == 0 {
					fmt.Println()
				}
			}
			done <- true
		}()
	}
	for range threads {
		<-done
	}
	return 0
}
