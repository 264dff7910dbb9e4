// Command vm runs tests in virtual machines.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if os.Getpid() == 1 && len(os.Args) == 1 {
		guest("init")
	}
	if filepath.Base(os.Args[0]) == filepath.Base(guestProgram) {
		guest(os.Args[1])
	}
	kernel := flag.String("kernel", "", "only kernels whose version begins with `VERSION`")
	plain := flag.Bool("plain", false, "without systemd")
	script := flag.String("run", "", "")
	memory := flag.Int("memory", 2048, "")
	limit := flag.Duration("limit", 5*time.Minute, "")
	flag.Parse()
	code, err := start(*kernel, *plain, *script, *memory, *limit, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		os.Exit(125)
	}
	os.Exit(code)
}

func start(version string, plain bool, script string, memory int, limit time.Duration, words []string) (int, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return 0, err
	}
	cache = filepath.Join(cache, "usandbox-vm")
	a, err := newAPT(filepath.Join(cache, "apt"), suites...)
	if err != nil {
		return 0, err
	}
	root, err := fetchRoot(cache)
	if err != nil {
		return 0, err
	}
	for _, suite := range suites {
		k, err := fetchKernel(a, suite, cache)
		if err != nil {
			return 0, err
		}
		if !strings.HasPrefix(k.Version, version) {
			continue
		}
		dir, err := os.MkdirTemp("", "usandbox-vm-")
		if err != nil {
			return 0, err
		}
		m := Machine{Kernel: k, Root: root, Plain: plain, Job: script, Memory: memory, Limit: limit, Dir: dir, Append: words}
		code, err := m.Run(os.Stdout)
		if err == nil {
			os.RemoveAll(dir)
		}
		return code, err
	}
	return 0, fmt.Errorf("no kernel")
}
