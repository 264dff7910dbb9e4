package mounts

// The contents of files are in the image, not in the plan, and there is a bound for
// all of them together.

import (
	"errors"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/launch"
)

func TestFileInImage(t *testing.T) {
	p := launch.New(3)
	const secret = "hunter2\x00\xff"
	if err := Compile(p, []Entry{File{Target: "/f", Content: secret}}); err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Steps() {
		if strings.Contains(s.String()+s.Doing(), "hunter2") {
			t.Errorf("a plan has the contents: %s: %s", s.Doing(), s)
		}
	}
	image, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(image.Bytes()), secret) {
		t.Error("the contents are not in the image")
	}
}

func TestFilesTogether(t *testing.T) {
	file := File{Target: "/f", Content: strings.Repeat("x", MaxFile)}
	entries := []Entry{file, file, file, file}
	if err := Compile(launch.New(3), entries); err != nil {
		t.Error(err)
	}
	last := File{Target: "/g", Content: "x"}
	var refused *Error
	if err := Compile(launch.New(3), append(entries, last)); !errors.As(err, &refused) || refused.Entry != last {
		t.Errorf("%v", err)
	}
}
