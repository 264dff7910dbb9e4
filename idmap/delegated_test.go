package idmap

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDelegatedAsksGetsubids(t *testing.T) {
	for _, c := range []struct {
		kind         Kind
		name, answer string
		want         []SubRange
		args         string
	}{
		{UID, "alice", "0: alice 100000 65536\n", []SubRange{{100000, 65536}}, `args ["alice"]`},
		{GID, "alice", "0: alice 1 2\n1: alice 3 4\n", []SubRange{{1, 2}, {3, 4}}, `args ["-g" "alice"]`},
		{UID, `CORP\joe doe`, "0: CORP\\joe doe 5 6\n", []SubRange{{5, 6}}, `args ["CORP\\joe doe"]`},
		{UID, "alice", "", nil, `args ["alice"]`},
	} {
		dir := t.TempDir()
		path := fakeHelper(t, dir, "getsubids", ".stdout", c.answer)
		file := filepath.Join(dir, "sub")
		os.WriteFile(file, []byte("alice:7:7\n"), 0o644)
		got, err := delegated([]string{dir}, file, c.kind, c.name, 1000)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v %q: %v, %v", c.kind, c.name, got, err)
		}
		if !strings.HasPrefix(saw(t, path), c.args+"\n") {
			t.Errorf("called with %s, want %s", saw(t, path), c.args)
		}
	}
}

func TestDelegatedReadsFile(t *testing.T) {
	dir, empty := t.TempDir(), t.TempDir()
	path := fakeHelper(t, dir, "getsubids", ".fail", "", ".stderr", "Error fetching ranges\n")
	file := filepath.Join(dir, "subgid")
	os.WriteFile(file, []byte("alice:7:8\n1000:9:10\nbob:0:x\n"), 0o644)
	want := []SubRange{{7, 8}, {9, 10}}

	for _, dirs := range [][]string{{dir}, {empty}, nil} {
		if got, err := delegated(dirs, file, GID, "alice", 1000); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", dirs, got, err)
		}
	}
	if saw(t, path) == "" {
		t.Error("getsubids was not asked")
	}
	os.Remove(path + ".saw")
	if got, err := delegated([]string{dir}, file, UID, "", 1000); err != nil || !slices.Equal(got, want[1:]) {
		t.Errorf("by number: %v, %v", got, err)
	}
	if saw(t, path) != "" {
		t.Error("getsubids was asked without a name")
	}

	_, err := delegated(nil, file, UID, "bob", 1001)
	wantError(t, err, "find delegated uids in "+file, "line 3")
	if got, err := delegated([]string{dir}, filepath.Join(dir, "missing"), UID, "alice", 1000); err != nil || got != nil {
		t.Errorf("missing file: %v, %v", got, err)
	}
	_, err = delegated(nil, dir, UID, "alice", 1000)
	wantError(t, err, "find delegated uids", "directory")
}

// TestDelegatedKilled: only an answer sends us to the file.
func TestDelegatedKilled(t *testing.T) {
	dir := t.TempDir()
	fakeHelper(t, dir, "getsubids", ".die", "")
	file := filepath.Join(dir, "subuid")
	os.WriteFile(file, []byte("alice:7:8\n"), 0o644)
	got, err := delegated([]string{dir}, file, UID, "alice", 1000)
	wantError(t, err, "find delegated uids: run ", "killed")
	if got != nil {
		t.Errorf("%v with an error", got)
	}
}

func TestDelegatedRefuses(t *testing.T) {
	for _, answer := range []string{
		"\n", "garbage\n", "0: bob 1 2\n", "1: alice 1 2\n", "0: alice 1 2\n0: alice 3 4\n", "0: alice\n", "0: alice 1\n",
		"0: alice 1 2 3\n", "0: alice -1 2\n", "0: alice 1 0\n", "0: alice 4294967295 2\n", "0: alice 4294967296 1\n",
		"0: alice 1 18446744073709551615\n", "0: alicebob 1 2\n", "\x1b[2J\n",
	} {
		dir := t.TempDir()
		fakeHelper(t, dir, "getsubids", ".stdout", answer)
		got, err := delegated([]string{dir}, "/nonexistent", UID, "alice", 1000)
		wantError(t, err, "find delegated uids: answer of ")
		if err == nil {
			t.Errorf("%q: %v", answer, got)
		} else if strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("unquoted: %v", err)
		}
	}
	dir := t.TempDir()
	path := fakeHelper(t, dir, "getsubids", ".stdout", "0: alice 1 2\n")
	for _, name := range []string{"-g", "-", "--help", "a:b", "a\n0: alice", "a\x00"} {
		_, err := delegated([]string{dir}, "/nonexistent", UID, name, 1000)
		wantError(t, err, "is not a login name")
	}
	if s := saw(t, path); s != "" {
		t.Errorf("getsubids was asked: %s", s)
	}
	_, err := Delegated(2, "alice", 1000)
	wantError(t, err, "BUG")
}

func TestDelegatedAnswerIsBounded(t *testing.T) {
	var answer strings.Builder
	for i := 0; answer.Len() <= maxOutput; i++ {
		fmt.Fprintf(&answer, "%d: alice %d 1\n", i, i)
	}
	dir := t.TempDir()
	fakeHelper(t, dir, "getsubids", ".stdout", answer.String())
	_, err := delegated([]string{dir}, "/nonexistent", UID, "alice", 1000)
	wantError(t, err, "printed more than")
}
