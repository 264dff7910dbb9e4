package bwrap

import (
	"fmt"
	"io"
	"os"
)

// version is the one of bubblewrap whose options are known, as programs ask for it.
const version = "bubblewrap 0.11.0"

// usage prints the help, with the name that the program was called by.
func usage(w io.Writer, name string) {
	if name == "bwrap" {
		name = os.Args[0]
	}
	fmt.Fprintf(w, "usage: %s [OPTIONS...] [--] COMMAND [ARGS...]\n\n", name)
	for _, r := range rows() {
		left := r.name
		if r.names != "" {
			left += " " + r.names
		}
		fmt.Fprintf(w, "    %-28s %s\n", left, r.short)
	}
}
