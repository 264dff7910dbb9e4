package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

const heapSize = 1 << 30

// withHeap measures launches from another process of this program, which holds
// heapSize bytes of touched memory.
func (b *bench) withHeap() ([]contestant, []times, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	c := exec.Command(self, "-heap-child", "-n", fmt.Sprint(b.n))
	c.Stderr = os.Stderr
	text, err := c.Output()
	if err != nil {
		return nil, nil, err
	}
	var results []times
	if err := json.Unmarshal(text, &results); err != nil {
		return nil, nil, err
	}
	return []contestant{
		{name: "from a process with a 1 GiB heap: bubblewrap"},
		{name: "from a process with a 1 GiB heap: sandbox.Command", target: 0.50},
	}, results, nil
}

// heapChild is that other process: it prints the times of each contestant.
func heapChild(rounds int) error {
	heap, err := touched(heapSize)
	if err != nil {
		return err
	}
	b, err := newBench(options{n: rounds})
	if err != nil {
		return err
	}
	defer b.close()
	bwrap := b.command("bubblewrap", 0, bwrapArgs(b.policy, trueProgram)...)
	if bwrap.absent != nil {
		return fmt.Errorf("bubblewrap: %w", bwrap.absent)
	}
	results, err := contest(rounds, []contestant{bwrap, b.inProcess(trueProgram)})
	if err != nil {
		return err
	}
	runtime.KeepAlive(heap)
	return json.NewEncoder(os.Stdout).Encode(results)
}

// touched is memory of which every page is there. Huge pages would make the page
// tables, which a fork has to copy, 512 times smaller.
func touched(size int) ([]byte, error) {
	heap := make([]byte, size)
	if err := unix.Madvise(heap, unix.MADV_NOHUGEPAGE); err != nil { // a large object starts on a page
		return nil, fmt.Errorf("madvise: %w", err)
	}
	for i := 0; i < size; i += os.Getpagesize() {
		heap[i] = 1
	}
	return heap, nil
}
