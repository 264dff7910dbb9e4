package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

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
