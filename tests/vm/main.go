// Command vm runs tests in virtual machines: on Debian's kernels, with its programs, as
// an ordinary user, with cgroups of version 2 delegated to her, and with settings that
// forbid user namespaces. It boots each kernel once for each suite, in qemu, without KVM,
// and prints a table.
//
// It needs the Debian packages qemu-system-x86, mmdebstrap, kmod and e2fsprogs, and Go. It
// downloads nothing but Debian's packages, through the machine's own apt, and keeps what
// it made of them in the folder usandbox-vm of the user's cache.
//
// It must never change the machine it runs on, but for that folder and temporary files.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	switch {
	case os.Getpid() == 1 && len(os.Args) == 1:
		guest("init")
	case filepath.Base(os.Args[0]) == filepath.Base(guestProgram):
		guest(os.Args[1])
	}
	var o options
	flag.StringVar(&o.kernels, "kernel", "", "only kernels whose versions begin with one of `VERSION,...`, 6.1 or 6.12 for example")
	flag.StringVar(&o.suites, "suite", "", "only the suites whose names begin with one of `NAME,...`")
	flag.StringVar(&o.run, "run", "", "only tests that match `REGEXP`, as with go test")
	flag.StringVar(&o.skip, "skip", "", "no tests that match `REGEXP`, as with go test")
	flag.IntVar(&o.count, "count", 1, "run each test `N` times")
	flag.StringVar(&o.job, "job", "", "no suites: boot one kernel and run the program \"run\" of a tar `FILE`, as the user; its exit code is the program's")
	flag.IntVar(&o.machines, "j", 1, "run `N` machines at once")
	flag.BoolVar(&o.again, "again", false, "run only the tests that failed last, of each kernel and suite; their results replace those")
	flag.BoolVar(&o.table, "table", false, "run nothing: print the table of what was run last of each kernel and suite, but for what -run, -skip and -count selected")
	flag.BoolVar(&o.plain, "plain", false, "with -job: without systemd")
	flag.DurationVar(&o.limit, "limit", 0, "how long one machine may take")
	flag.IntVar(&o.memory, "memory", 2048, "`MiB` of memory of a machine")
	flag.BoolVar(&o.verbose, "v", false, "print what the tests print")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	code, err := o.start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		code = 125
	}
	os.Exit(code)
}

type options struct {
	kernels, suites, run, skip, job string
	plain, verbose, table, again    bool
	limit                           time.Duration
	memory, count, machines         int
}

// begins reports whether a name begins with one of a list, or the list is empty.
func begins(name, list string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool { return strings.HasPrefix(name, s) })
}

// matches is begins for versions: 6.1 is not the beginning of 6.12.
func matches(version, list string) bool {
	return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(s string) bool {
		rest, ok := strings.CutPrefix(version, s)
		return ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
	})
}

func (o options) start(ctx context.Context) (code int, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return 0, err
	}
	cache = filepath.Join(cache, "usandbox-vm")
	if o.table {
		list, err := kept(filepath.Join(cache, "results"))
		if err == nil && !printTable(os.Stdout, list) {
			code = 1
		}
		return code, err
	}
	unlock, err := lock(cache)
	if err != nil {
		return 0, err
	}
	kernels, err := o.fetch(cache)
	unlock()
	if err != nil {
		return 0, err
	}
	if len(kernels) == 0 {
		return 0, fmt.Errorf("there is no kernel %s", o.kernels)
	}
	dir, err := os.MkdirTemp("/var/tmp", "usandbox-vm-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if o.job != "" {
		root, err := fetchRoot(cache, "small", small)
		if err != nil {
			return 0, err
		}
		b, err := newBuilder(dir)
		if err != nil {
			return 0, err
		}
		m := Machine{Kernel: kernels[0], Guest: b.guest(), Root: root, Plain: o.plain, Job: o.job, Memory: o.memory, Limit: o.limit, Dir: dir, Log: filepath.Join(cache, "console.log"), Append: flag.Args()}
		if m.Limit == 0 {
			m.Limit = way
		}
		return m.Run(ctx, os.Stdout)
	}
	return o.matrix(ctx, kernels, cache, dir)
}
