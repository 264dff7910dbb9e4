package keyring

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

func TestJoin(t *testing.T) {
	for unreachable, want := range map[bool]string{
		true:  "keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0); EDQUOT: next; EPERM: next; ENOSYS: next",
		false: "keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)",
	} {
		p := launch.New(3)
		Join(p, unreachable)
		if got := p.Steps()[0].String(); got != want && (unreachable || present("/proc/keys")) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestPresent(t *testing.T) {
	dir := t.TempDir()
	if present(filepath.Join(dir, "keys")) || !present(dir) || !present(dir+"/"+string(make([]byte, unix.PathMax))) {
		t.Error("what does not exist alone is not there")
	}
}
