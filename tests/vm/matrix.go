package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// matrix runs each suite on each kernel.
func (o options) matrix(ctx context.Context, kernels []Kernel, cache, dir string) (code int, err error) {
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
			log := filepath.Join(logs, k.Version+"-"+s.Name)
			m := Machine{Kernel: k, Root: root, Plain: s.Plain, Job: job, Memory: o.memory, Limit: s.Limit, Dir: dir, Log: log + ".kernel"}
			r, err := o.suite(ctx, m, s, log+".log")
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
