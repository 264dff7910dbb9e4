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
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
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
	flag.BoolVar(&o.plain, "plain", false, "with -job: without systemd")
	flag.DurationVar(&o.limit, "limit", 0, "how long one machine may take")
	flag.IntVar(&o.memory, "memory", 2048, "`MiB` of memory of a machine")
	flag.BoolVar(&o.verbose, "v", false, "print what the tests print")
	flag.Parse()
	code, err := o.start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		code = 125
	}
	os.Exit(code)
}

type options struct {
	kernels, suites, run, skip, job string
	plain, verbose                  bool
	limit                           time.Duration
	memory, count                   int
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

func (o options) start() (code int, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return 0, err
	}
	cache = filepath.Join(cache, "usandbox-vm")
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
		m := Machine{Kernel: kernels[0], Root: root, Plain: o.plain, Job: o.job, Memory: o.memory, Limit: o.limit, Dir: dir, Append: flag.Args()}
		if m.Limit == 0 {
			m.Limit = way
		}
		return m.Run(os.Stdout)
	}
	return o.matrix(kernels, cache, dir)
}

// lock keeps others from making the same things in a folder until unlock is called.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != unix.EINTR {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}

// stable reports whether a list names nothing but series of stable releases.
func stable(list string) bool {
	return !slices.ContainsFunc(strings.Split(list, ","), func(version string) bool {
		return !slices.ContainsFunc(suites, func(s suite) bool { return s.series == version && version != "" })
	})
}

// fetch gets the kernels that were asked for; of suites that have no other it does not
// even read the lists.
func (o options) fetch(cache string) (kernels []Kernel, err error) {
	var names []string
	for _, suite := range suites {
		if suite.series == "" && !stable(o.kernels) || suite.series != "" && matches(suite.series, o.kernels) {
			names = append(names, suite.name)
		}
	}
	a, err := newAPT(filepath.Join(cache, "apt-"+strings.Join(names, "+")), names...)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		version, err := offered(a, name)
		if err != nil {
			return nil, err
		}
		if !matches(version, o.kernels) {
			continue
		}
		k, err := fetchKernel(a, name, version, cache)
		if err != nil {
			return nil, err
		}
		kernels = append(kernels, k)
	}
	return kernels, nil
}

// matrix runs each suite on each kernel.
func (o options) matrix(kernels []Kernel, cache, dir string) (code int, err error) {
	b, err := newBuilder(dir)
	if err != nil {
		return 0, err
	}
	logs := filepath.Join(cache, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return 0, err
	}
	var list []Results
	for _, s := range known {
		if !begins(s.Name, o.suites) {
			continue
		}
		if o.run != "" {
			s.Args = append(slices.Clone(s.Args), "-test.run="+o.run)
		}
		if o.count != 1 {
			s.Args = append(slices.Clone(s.Args), fmt.Sprint("-test.count=", o.count))
		}
		if o.skip != "" {
			s.Args = append(slices.Clone(s.Args), "-test.skip="+o.skip)
		}
		if o.limit != 0 {
			s.Limit = o.limit
		}
		job := filepath.Join(dir, s.Name+".tar")
		if err := b.job(s, job); err != nil {
			return 0, err
		}
		root, err := fetchRoot(cache, "small", small)
		if s.Full {
			root, err = fetchRoot(cache, "full", slices.Concat(small, full))
		}
		if err != nil {
			return 0, err
		}
		for _, k := range kernels {
			m := Machine{Kernel: k, Root: root, Plain: s.Plain, Job: job, Memory: o.memory, Limit: s.Limit, Dir: dir}
			r, err := o.suite(m, s, filepath.Join(logs, k.Version+"-"+s.Name+".log"))
			if err != nil {
				return 0, err
			}
			list = append(list, r)
			fmt.Fprintf(os.Stderr, "vm: %s, %s: %d passed, %d failed, %d skipped, %v\n", r.Kernel, r.Suite,
				r.Passed, len(r.Failed), len(r.Skipped), r.Took.Round(time.Second))
		}
		os.Remove(job)
	}
	if len(list) == 0 {
		return 0, fmt.Errorf("there is no suite %s", o.suites)
	}
	slices.SortStableFunc(list, func(a, b Results) int {
		index := func(r Results) int {
			return slices.IndexFunc(kernels, func(k Kernel) bool { return k.Version == r.Kernel })
		}
		return index(a) - index(b)
	})
	if !printTable(os.Stdout, list) {
		fmt.Fprintln(os.Stderr, "vm: what the tests printed is in", logs)
		return 1, nil
	}
	return 0, nil
}

// suite runs one suite on one machine; what it prints is kept in a file.
func (o options) suite(m Machine, s Suite, name string) (Results, error) {
	f, err := os.Create(name)
	if err != nil {
		return Results{}, err
	}
	defer f.Close()
	var text bytes.Buffer
	out := io.MultiWriter(f, &text)
	if o.verbose {
		out = io.MultiWriter(f, &text, os.Stderr)
	}
	began := time.Now()
	code, failure := m.Run(out)
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	r, err := readResults(&text)
	if err != nil {
		return r, err
	}
	r.Kernel, r.Suite, r.Took = m.Kernel.Version, s.Name, time.Since(began)
	r.finish(code, failure, lines[len(lines)-1])
	return r, nil
}
