package sandbox

// What is watched survives the way through an argument, and ctimes are trusted only
// when they are old enough, and few.

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a \"b\"\n\xff c")
	for _, name := range []string{".git/hooks", "sub\n\xfe x/.git", "plain"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".envrc", ".git/config"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := Watch(dir)
	again, err := WatchedBefore(p.State())
	if err != nil {
		t.Fatal(err)
	}
	if again.dir != p.dir || !reflect.DeepEqual(again.before, p.before) || len(p.before) < 5 {
		t.Errorf("%+v\n%+v", again, p)
	}
	if c := again.Changes(); len(c) > 0 {
		t.Errorf("changes: %q", c)
	}
	for _, bad := range []string{"", "x", p.State() + "1 2", "\"/\"\n1 2 3 4 5 x\n"} {
		if p, err := WatchedBefore(bad); err == nil {
			t.Errorf("%q: %+v", bad, p)
		}
	}
}

func TestQuick(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	p := Watch(dir)
	if want := 2; len(p.touched) != want { // the folder, and the one in it
		t.Errorf("%d ctimes, want %d: %v", len(p.touched), want, p.touched)
	}
	if p.quick(now) || !p.quick(now.Add(2*time.Second)) || p.quick(now.Add(-time.Hour)) {
		t.Error("a ctime of this moment was trusted, or one of two seconds ago was not")
	}
	for i := range maxTouched {
		if err := os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if Watch(dir).quick(now.Add(time.Hour)) {
		t.Error("more ctimes are compared than it pays")
	}
}
