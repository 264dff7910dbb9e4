package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// rootSuite is the release of Debian whose programs the machines run. Its AppArmor is
// the first that knows user namespaces.
const rootSuite = "trixie"

// small are the packages of a root file system with systemd and a manager for users;
// full are those that the end-to-end tests use besides.
var (
	small = []string{
		"systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd",
		"util-linux", "procps", "uidmap", "iproute2", "kmod", "apparmor",
	}
	full = []string{
		"bubblewrap", "strace", "git", "make", "gcc", "libc6-dev", "libcap2-bin", "tmux", "file", "binutils",
		"hostname", "ccache", "vim-tiny", "less", "curl", "python3-minimal", "patch", "jq", "bsdextrautils",
	}
)

// hook is run by mmdebstrap when the packages are installed: it makes the user and
// the image.
const hook = `set -eu
chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 tester
echo tester:100000:65536 >"$1/etc/subuid"
echo tester:100000:65536 >"$1/etc/subgid"
echo vm >"$1/etc/hostname"
echo 127.0.0.1 localhost vm >"$1/etc/hosts"
ln -sf /dev/null "$1/etc/systemd/system/apparmor.service"
ln -sf /dev/null "$1/etc/systemd/system/getty.target"
for unit in fstrim.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service; do
	ln -sf /dev/null "$1/etc/systemd/system/$unit"
done
rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*
mkdir -p "$1/usr/lib/modules"
export PATH=$PATH:/sbin:/usr/sbin
unshare --mount sh -euc 'mount --bind "$1" WORK/tree && mke2fs -q -t ext4 -O ^has_journal -F -d WORK/tree WORK/root.ext4 3G' sh "$1"
`

// fetchRoot makes the image of the root file system, unless it is there. mmdebstrap
// works as root or, with subordinate ids, as an ordinary user.
func fetchRoot(dir, name string, packages []string) (string, error) {
	unlock, err := lock(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	image := filepath.Join(dir, name+".ext4")
	key := rootSuite + " " + strings.Join(packages, " ") + "\n" + hook
	if old, err := os.ReadFile(image + ".made-of"); err == nil && string(old) == key {
		return image, nil
	}
	fmt.Fprintf(os.Stderr, "vm: make the root file system of %d packages and what they need\n", len(packages))
	main, security, err := repositories()
	if err != nil {
		return "", err
	}
	// A folder that the ids of a user namespace can reach, and a file that they can write.
	work, err := os.MkdirTemp("/var/tmp", "usandbox-vm-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	made := filepath.Join(work, "root.ext4")
	if err := os.WriteFile(made, nil, 0o666); err != nil {
		return "", err
	}
	for _, f := range []error{os.Chmod(work, 0o755), os.Mkdir(filepath.Join(work, "tree"), 0o755), os.Chmod(made, 0o666)} {
		if f != nil {
			return "", f
		}
	}
	args := []string{"--quiet", "--variant=minbase", "--format=null", "--include=" + strings.Join(packages, ",")}
	for _, without := range []string{"doc", "man", "locale", "info"} {
		args = append(args, "--dpkgopt=path-exclude=/usr/share/"+without+"/*")
	}
	args = append(args, "--customize-hook="+strings.ReplaceAll(hook, "WORK", work), rootSuite, "-",
		"deb "+main+" "+rootSuite+" main", "deb "+security+" "+rootSuite+"-security main")
	cmd := exec.Command("mmdebstrap", args...)
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mmdebstrap: %w\n%s", err, out)
	}
	if out, err := exec.Command("cp", "--sparse=always", made, image).CombinedOutput(); err != nil {
		return "", fmt.Errorf("copy the image: %w\n%s", err, out)
	}
	return image, os.WriteFile(image+".made-of", []byte(key), 0o644)
}
