package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// matrix runs each suite on each kernel.
func (o options) matrix(ctx context.Context, kernels []Kernel, cache, dir string) (code int, err error) {
	b, err := newBuilder(dir)
	if err != nil {
		return 0, err
	}
	logs, results := filepath.Join(cache, "logs"), filepath.Join(cache, "results")
	for _, dir := range []string{logs, results} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return 0, err
		}
	}
	var (
		list  []Results
		errs  []error
		mu    sync.Mutex // of both
		wait  sync.WaitGroup
		seats = make(chan bool, max(o.machines, 1))
	)
	ctx, cancel := context.WithCancel(ctx)
	defer wait.Wait()
	defer cancel()
	for _, s := range known {
		if !begins(s.Name, o.suites) {
			continue
		}
		s = o.selected(s)
		root, err := fetchRoot(cache, "small", small)
		if s.Full {
			root, err = fetchRoot(cache, "full", slices.Concat(small, full))
		}
		if err != nil {
			return 0, err
		}
		for _, k := range kernels {
			s, before := s, Results{}
			if o.again {
				if before, err = last(results, k, s); err != nil {
					return 0, err
				}
				if len(before.Failed) == 0 {
					continue
				}
				s.Args = append(slices.Clone(s.Args), "-test.run="+pattern(before.Failed))
			}
			job := filepath.Join(dir, k.Version+"-"+s.Name+".tar")
			if err := b.job(s, job); err != nil {
				return 0, err
			}
			log := filepath.Join(logs, k.Version+"-"+s.Name)
			m := Machine{Kernel: k, Guest: b.guest(), Root: root, Plain: s.Plain, Job: job, Memory: o.memory, Limit: s.Limit, Dir: dir, Log: log + ".kernel"}
			if s.Memory != 0 {
				m.Memory = s.Memory
			}
			seats <- true
			wait.Go(func() {
				defer func() { <-seats }()
				defer os.Remove(job)
				r, err := o.suite(ctx, m, s, log+".log")
				if err == nil && o.whole() {
					r.Commit = b.commit
					if o.again {
						r = before.with(r)
					}
					err = keep(results, r)
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					errs = append(errs, err)
					cancel()
					return
				}
				list = append(list, r)
				fmt.Fprintf(os.Stderr, "vm: %s, %s: %d passed, %d failed, %d skipped, %v\n", r.Kernel, r.Suite,
					r.Passed, len(r.Failed), len(r.Skipped), r.Took.Round(time.Second))
			})
		}
	}
	wait.Wait()
	if len(errs) != 0 {
		return 0, errors.Join(errs...)
	}
	if len(list) == 0 {
		return 0, fmt.Errorf("there is nothing to run")
	}
	if !printTable(os.Stdout, list) {
		fmt.Fprintln(os.Stderr, "vm: what the tests printed is in", logs)
		return 1, nil
	}
	return 0, nil
}

// selected is a suite with what the options say of its tests.
func (o options) selected(s Suite) Suite {
	s.Args = slices.Clone(s.Args)
	if o.run != "" {
		s.Args = append(s.Args, "-test.run="+o.run)
	}
	if o.count != 1 {
		s.Args = append(s.Args, fmt.Sprint("-test.count=", o.count))
	}
	if o.skip != "" {
		s.Args = append(s.Args, "-test.skip="+o.skip)
	}
	if o.limit != 0 {
		s.Limit = o.limit
	}
	return s
}

// whole reports whether suites run with all their tests, once.
func (o options) whole() bool { return o.run == "" && o.skip == "" && o.count == 1 }

// suite runs one suite on one machine; what it prints is kept in a file.
func (o options) suite(ctx context.Context, m Machine, s Suite, name string) (Results, error) {
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
	code, failure := m.Run(ctx, out)
	if ctx.Err() != nil {
		return Results{}, ctx.Err()
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	r, err := readResults(&text)
	if err != nil {
		return r, err
	}
	r.Kernel, r.Suite, r.Took = m.Kernel.Version, s.Name, time.Since(began)
	r.finish(code, failure, lines[len(lines)-1])
	return r, nil
}
