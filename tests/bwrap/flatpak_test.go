package bwrap

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// makeRuntime makes a runtime of a few of the host's programs, and builds an app with it, in a
// repository and an installation of its own: $PWD. No server is asked for.
const makeRuntime = `set -eu; export HOME=$PWD XDG_RUNTIME_DIR=$PWD/run; mkdir -m 700 run
mkdir -p rt/files rt/usr/bin rt/usr/lib rt/usr/lib64
for p in sh mkdir ls cat id grep stat sort env; do cp -L "$(command -v $p)" rt/usr/bin/; done
for l in $(ldd rt/usr/bin/* | grep -o '/[^ :]*'); do
	case $l in */rt/usr/bin/*) continue;; esac
	to=rt/usr${l#/usr}; mkdir -p "${to%/*}"; cp -L "$l" "$to"
done
printf '[Runtime]\nname=org.test.Platform\nruntime=org.test.Platform/%s/1\nsdk=org.test.Platform/%s/1\n' "$(flatpak --default-arch)" "$(flatpak --default-arch)" >rt/metadata
flatpak build-export --runtime --disable-sandbox repo rt 1
flatpak --user remote-add --no-gpg-verify test repo
flatpak --user install -y --noninteractive test org.test.Platform//1
flatpak build-init app org.test.App org.test.Platform org.test.Platform 1
`

// inFlatpak builds an app and runs a command in the runtime.
const inFlatpak = `export HOME=$PWD XDG_RUNTIME_DIR=$PWD/run FLATPAK_BWRAP=$0
flatpak build app sh -c 'echo built >/app/made; mkdir /app/bin; ls -ln --time-style=+ /app /usr/bin | grep -v total; id -u; stat -c "%n %a %u" / /usr /app /proc /dev /tmp; grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status; exit 3'; echo $?
cat app/files/made; rm -r app/files/*
flatpak run --command=sh org.test.Platform//1 -c 'ls / /app /dev /run /run/user/*; ls -a ~; set -- /proc/[0-9]*; echo $#; env | grep -v -e PATH -e BWRAP | sort; id -u; grep -v instance-id /.flatpak-info; grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status; echo no >/usr/made; exit 4'; echo $?
flatpak run --command=sh --share=network --filesystem=$PWD/app --socket=x11 --devel org.test.Platform//1 -c "ls $PWD/app /tmp; exit 5"; echo $?
`

// TestFlatpak builds and runs by flatpak, with each of the two programs as its bwrap.
func TestFlatpak(t *testing.T) {
	path, err := exec.LookPath("flatpak")
	if err != nil {
		t.Skip("skip: flatpak is not installed")
	}
	home := filepath.Join(folder, "home", "flatpak")
	if err := writeOwn(filepath.Join(home, "f"), ""); err != nil {
		t.Fatal(err)
	}
	search := filepath.Dir(path) + ":/usr/bin:/bin"
	if out, err := asUser(home, search, "sh", "-c", makeRuntime); err != nil {
		t.Fatalf("make a runtime: %v\n%s", err, out)
	}
	run := func(program string) string {
		out, err := asUser(home, search, "sh", "-c", inFlatpak, program)
		if err != nil {
			t.Fatalf("with %s: %v\n%s", program, err, out)
		}
		return out
	}
	sameOutput(t, run(theirs), run(ours), "\n3\nbuilt\n", "name=org.test.Platform", "Seccomp:\t2", "/usr/made: Read-only file system", "\n4\n", "\n5\n")
}
