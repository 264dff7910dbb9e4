package mounts

import (
	"os"
	"testing"

	"github.com/usandbox/usandbox/launch"
)

// What a hidden folder of the kernel's had below it is covered: no step reaches it by the file
// system that was mounted there.
func TestHideCoversBelow(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/a", 0o755); err != nil {
		t.Fatal(err)
	}
	p := launch.New(3)
	list := []Entry{Bind{Source: dir, Target: "/x", Writable: true}, Mqueue{Target: "/x/a"}, Dev{Target: "/x/a/b/c"}, Hide{Target: "/x/a/b/"},
		Bind{Source: dir, Target: "/x/a/b/c"}}
	if err := Compile(p, list); err != nil {
		t.Fatal(err)
	}
	if err := newModel(func() bool { return false }).follow(p); err != nil {
		t.Error(err)
	}
}
