package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// setCreate lets what the flags name be made where it is missing on the host, if
// --create-source is given.
func (f *runFlags) setCreate(files []mounts.Entry) {
	if !f.createSource {
		return
	}
	for i, e := range files {
		switch e := e.(type) {
		case mounts.Bind:
			e.Create = strings.HasPrefix(e.Origin, "--ro ") || strings.HasPrefix(e.Origin, "--rw ")
			files[i] = e
		case mounts.Hide:
			e.Create = strings.HasPrefix(e.Origin, "--hide ")
			files[i] = e
		}
	}
}

// makeSources makes what is missing, and says so. All else about the command has been
// found good by then.
func makeSources(c *sandbox.Cmd) error {
	made, err := c.MakeSources()
	for _, dir := range made {
		fmt.Fprintf(os.Stderr, "usandbox: made the folder %s (--create-source)\n", printable(dir))
	}
	return err
}

// announceSources says what run would make.
func announceSources(c *sandbox.Cmd) error {
	missing, err := mounts.Missing(c.Policy.Files)
	for _, dir := range missing {
		fmt.Fprintf(os.Stderr, "usandbox: run would make the folder %s (--create-source)\n", printable(dir))
	}
	return err
}
