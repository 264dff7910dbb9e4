package main

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// builder compiles what runs in the machines, from the repository around the current
// folder.
type builder struct {
	repository string
	dir        string
	commit     string            // as git-describe(1) names it, if there is one
	built      map[string]string // compiled tests, by package
}

// guest is this program once more, in the form that needs no library: as it runs here
// it may be linked to the machine's.
func (b *builder) guest() string { return filepath.Join(b.dir, "bin/vm") }

func newBuilder(dir string) (*builder, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOMOD: %w", err)
	}
	b := &builder{repository: filepath.Dir(strings.TrimSpace(string(out))), dir: dir, built: map[string]string{}}
	describe := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=7")
	describe.Dir = b.repository
	if out, err := describe.Output(); err == nil {
		b.commit = strings.TrimSpace(string(out))
	}
	return b, b.build("build", "-o", filepath.Join(dir, "bin")+"/", "./cmd/usandbox", "./tests/probe", "./tests/vm")
}

func (b *builder) build(args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = b.repository
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return nil
}

// tests compiles the tests of a package.
func (b *builder) tests(pkg string) (name string, err error) {
	if name := b.built[pkg]; name != "" {
		return name, nil
	}
	name = filepath.Join(b.dir, filepath.Base(pkg)+".test")
	if err := b.build("test", "-c", "-o", name, "./"+pkg); err != nil {
		return "", err
	}
	b.built[pkg] = name
	return name, nil
}

// job writes the tar file of a suite: the programs, the compiled tests with the files
// that lie beside them, and the scripts.
func (b *builder) job(s Suite, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := tar.NewWriter(f)
	script, err := s.run()
	if err != nil {
		return err
	}
	add(w, "run", []byte(script))
	if s.Setup != "" {
		add(w, "setup", []byte("#!/bin/sh\nset -eu\nPATH="+path+"\n"+s.Setup))
	}
	if s.Root {
		add(w, asRoot, nil)
	}
	folder(w, "bin")
	for _, program := range []string{"usandbox", "probe"} {
		if err := copyTo(w, filepath.Join(b.dir, "bin", program), "bin/"+program); err != nil {
			return err
		}
	}
	if s.Package != "" {
		test, err := b.tests(s.Package)
		if err != nil {
			return err
		}
		if err := copyTo(w, test, "suite.test"); err != nil {
			return err
		}
		if err := b.data(w, s.Package); err != nil {
			return err
		}
	}
	return w.Close()
}

// data adds the testdata of a package, and the documentation, which tests compare too.
func (b *builder) data(w *tar.Writer, pkg string) error {
	folder(w, "src")
	folder(w, "src/tests")
	folder(w, "src/"+pkg)
	for _, dir := range []string{"docs", pkg + "/testdata"} {
		if err := b.tree(w, dir); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// tree adds a folder of the repository.
func (b *builder) tree(w *tar.Writer, dir string) error {
	return filepath.WalkDir(filepath.Join(b.repository, dir), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(b.repository, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return folder(w, "src/"+rel)
		}
		return copyTo(w, path, "src/"+rel)
	})
}

func folder(w *tar.Writer, name string) error {
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755})
}

func add(w *tar.Writer, name string, content []byte) error {
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

func copyTo(w *tar.Writer, from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: to, Mode: int64(info.Mode().Perm()), Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}
