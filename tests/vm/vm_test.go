package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// The archive is read as the kernel reads it.
func TestArchive(t *testing.T) {
	var b bytes.Buffer
	a := newArchive(&b)
	a.folder("dev")
	a.file("init", []byte("hello"))
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	var got string
	for text := b.Bytes(); ; {
		if string(text[:6]) != "070701" {
			t.Fatalf("no magic in %q", text[:6])
		}
		field := func(i int) int {
			n, err := strconv.ParseUint(string(text[6+8*i:14+8*i]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
		up := func(n int) int { return (n + 3) &^ 3 }
		mode, size, end := field(1), field(6), 110+field(11)
		name := string(text[110 : end-1])
		if name == "TRAILER!!!" {
			break
		}
		got += name + " " + strconv.FormatInt(int64(mode), 8) + " " + string(text[up(end):up(end)+size]) + "\n"
		text = text[up(up(end)+size):]
	}
	if want := "dev 40755 \ninit 100755 hello\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		version, list string
		want          bool
	}{
		{"6.1.0-56-cloud-amd64", "", true},
		{"6.1.0-56-cloud-amd64", "6.1", true},
		{"6.12.118+deb13-cloud-amd64", "6.1", false},
		{"6.12.118+deb13-cloud-amd64", "7,6.12", true},
		{"6.12.118+deb13-cloud-amd64", "6", true},
		{"7.2.1", "6.12", false},
	} {
		if got := matches(c.version, c.list); got != c.want {
			t.Errorf("matches(%q, %q) = %v", c.version, c.list, got)
		}
	}
}

// What the machines run is correct shell, and has all that its suite names.
func TestSuites(t *testing.T) {
	for _, s := range known {
		script, err := s.run()
		if err != nil {
			t.Error(err)
		}
		for _, text := range []string{script, s.Setup} {
			name := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("sh", "-n", name).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", s.Name, err, out)
			}
		}
		if (s.Script == "") == (s.Package == "") || s.Limit == 0 {
			t.Errorf("%s: it has no limit, or not exactly one of a script and a package", s.Name)
		}
	}
}
