package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Kernel is one of Debian's kernels for virtual machines, unpacked.
type Kernel struct {
	Version string // as uname -r prints it
	Image   string // vmlinuz
	Modules string // ext4 image of what lies in /usr/lib/modules
	Dir     string // the package's files
}

// suite is a suite of Debian's archive that has a kernel.
type suite struct{ name, series string }

// suites are where the kernels come from, oldest first: Debian's stable releases, with
// the series of their kernels, and what it offers beyond.
var suites = []suite{
	{"bookworm-security", "6.1"}, {"trixie-security", "6.12"}, {"forky", ""}, {"trixie-backports", ""},
}

// drivers are the modules that the disks need. A kernel may have them built in.
var drivers = []string{"virtio_pci", "virtio_blk"}

// offered is the version of the kernel that a suite has.
func offered(a *apt, suite string) (version string, err error) {
	const meta = "linux-image-cloud-amd64"
	images, err := a.depends(meta, suite, "linux-image-")
	if err != nil {
		return "", err
	}
	if len(images) != 1 {
		return "", fmt.Errorf("%s of %s depends on %q, not on one kernel", meta, suite, images)
	}
	return strings.TrimPrefix(images[0], "linux-image-"), nil
}

// fetchKernel downloads the kernel of a suite into a folder below dir, unless it is
// there, and packs its modules.
func fetchKernel(a *apt, suite, version, dir string) (k Kernel, err error) {
	k.Version = version
	k.Dir = filepath.Join(dir, "kernel-"+k.Version)
	k.Modules = filepath.Join(k.Dir, "modules.ext4")
	if _, err := os.Stat(k.Modules); err == nil {
		return k, k.findImage()
	}
	fmt.Fprintln(os.Stderr, "vm: download Linux", k.Version)
	image := "linux-image-" + version
	parts, err := a.depends(image, suite, "linux-binary-", "linux-modules-")
	if err != nil {
		return k, err
	}
	for _, pkg := range append(parts, image) {
		if _, err := a.run("apt-get", "-q", "download", pkg+"/"+suite); err != nil {
			return k, err
		}
		debs, _ := filepath.Glob(filepath.Join(a.dir, pkg+"_*.deb"))
		for _, deb := range debs {
			if out, err := exec.Command("dpkg-deb", "-x", deb, k.Dir).CombinedOutput(); err != nil {
				return k, fmt.Errorf("unpack %s: %w\n%s", deb, err, out)
			}
			os.Remove(deb)
		}
	}
	modules := filepath.Dir(k.tree())
	if out, err := exec.Command(sbin("depmod"), "-b", filepath.Dir(filepath.Dir(modules)), k.Version).CombinedOutput(); err != nil {
		return k, fmt.Errorf("depmod: %w\n%s", err, out)
	}
	if err := makeImage(modules, k.Modules, "300M"); err != nil {
		return k, err
	}
	return k, k.findImage()
}

// findImage finds where the package has the kernel: newer ones beside the modules.
func (k *Kernel) findImage() error {
	for _, name := range []string{filepath.Join(k.Dir, "boot/vmlinuz-"+k.Version), filepath.Join(k.tree(), "vmlinuz")} {
		if _, err := os.Stat(name); err == nil {
			k.Image = name
			return nil
		}
	}
	return fmt.Errorf("there is no kernel in %s", k.Dir)
}

// makeImage makes an ext4 file system with the content of a folder.
func makeImage(dir, name, size string) error {
	out, err := exec.Command(sbin("mke2fs"), "-q", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0", "-d", dir, name+".new", size).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mke2fs -d %s: %w\n%s", dir, err, out)
	}
	return os.Rename(name+".new", name)
}

// sbin finds a program that an ordinary user's PATH may not lead to.
func sbin(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return "/usr/sbin/" + name
}

// initramfs writes one with a program as init and the drivers.
func (k Kernel) initramfs(f io.Writer, program string) error {
	init, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	a := newArchive(f)
	for _, dir := range []string{"dev", "proc", "sys", "root", "modules"} {
		a.folder(dir)
	}
	a.file("init", init)
	found, err := k.needed(drivers)
	if err != nil {
		return err
	}
	for i, driver := range found {
		text, err := os.ReadFile(driver)
		if err != nil {
			return err
		}
		a.file(fmt.Sprintf("modules/%02d-%s", i, filepath.Base(driver)), text)
	}
	return a.close()
}

// needed are the files of modules, each after what it needs, from modules.dep(5).
func (k Kernel) needed(names []string) (list []string, err error) {
	tree := k.tree()
	dep, err := os.ReadFile(filepath.Join(tree, "modules.dep"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		for line := range strings.Lines(string(dep)) {
			file, before, _ := strings.Cut(strings.TrimSpace(line), ":")
			base, _, _ := strings.Cut(filepath.Base(file), ".ko")
			if strings.ReplaceAll(base, "-", "_") != name {
				continue
			}
			files := append([]string{file}, strings.Fields(before)...)
			slices.Reverse(files)
			for _, f := range files {
				if f = filepath.Join(tree, f); !slices.Contains(list, f) {
					list = append(list, f)
				}
			}
		}
	}
	return list, nil
}

// tree is the folder of the kernel's modules. It lies in /usr since /lib does.
func (k Kernel) tree() string {
	tree := filepath.Join(k.Dir, "usr/lib/modules", k.Version)
	if _, err := os.Stat(tree); err != nil {
		tree = filepath.Join(k.Dir, "lib/modules", k.Version)
	}
	return tree
}
