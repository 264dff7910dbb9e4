package main

import (
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// numbers are the system calls of one architecture.
type numbers map[string]int

// tables is the file with the numbers of every architecture.
func tables(sys string) []byte {
	version := kernelVersion(filepath.Join(sys, "unix/linux/Dockerfile"))
	list := []struct {
		name string
		of   numbers
	}{
		{"AMD64", read(sys, "amd64")}, {"I386", read(sys, "386")}, {"X32", nil},
		{"ARM64", read(sys, "arm64")}, {"ARM", read(sys, "arm")},
	}
	list[2].of = x32(list[0].of)
	maps.Copy(list[4].of, arm)

	all := map[string]bool{}
	for _, a := range list {
		for name := range a.of {
			all[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(all))

	b := begin("the headers of Linux " + version + ", by way of golang.org/x/sys/unix")
	fmt.Fprintf(b, "// Version is the release of Linux whose system calls the tables have.\nconst Version = %q\n\n", version)
	fmt.Fprintf(b, "// allNames are the names of all architectures, sorted, one behind the other; name i\n// ends at nameEnds[i].\nconst allNames = \"\" +\n")
	line := ""
	for i, name := range names {
		if line += name; len(line) > 100 || i == len(names)-1 {
			plus := " +"
			if i == len(names)-1 {
				plus = ""
			}
			fmt.Fprintf(b, "\t%q%s\n", line, plus)
			line = ""
		}
	}
	fmt.Fprintf(b, "\nvar nameEnds = [...]uint16{")
	end := 0
	for i, name := range names {
		end += len(name)
		comma(b, i, end)
	}
	fmt.Fprintf(b, "}\n\n// numberOf has, for each architecture, the number of each name, packed (see packed);\n// none where there is no such call.\nvar numberOf = [...][len(nameEnds)]uint16{\n")
	for _, a := range list {
		fmt.Fprintf(b, "%s: {", a.name)
		for i, name := range names {
			n, ok := a.of[name]
			if !ok {
				n = 0xffff
			}
			comma(b, i, n)
		}
		fmt.Fprintf(b, "},\n")
	}
	fmt.Fprintf(b, "}\n\n// nameOf has, for each architecture, the index of each number's name and 1; 0 where\n// there is no such call. The private calls of arm are not in it.\nvar nameOf = [...][]uint16{\n")
	for _, a := range list {
		fmt.Fprintf(b, "%s: {", a.name)
		by := map[int]int{}
		last := 0
		for i, name := range names {
			if n, ok := a.of[name]; ok && n < private {
				if by[n] != 0 {
					log.Fatalf("%s: %d has two names", a.name, n)
				}
				by[n], last = i+1, max(last, n)
			}
		}
		for n := range last + 1 {
			comma(b, n, by[n])
		}
		fmt.Fprintf(b, "},\n")
	}
	fmt.Fprintf(b, "}\n")
	return b.Bytes()
}

func comma(b interface{ WriteString(string) (int, error) }, i, n int) {
	if i%24 == 0 {
		b.WriteString("\n\t")
	}
	b.WriteString(strconv.Itoa(n) + ", ")
}

// kernelVersion is the release that golang.org/x/sys/unix was generated from.
func kernelVersion(dockerfile string) string {
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		log.Fatal(err)
	}
	m := regexp.MustCompile(`--branch v([0-9.]+) .*/linux\n`).FindSubmatch(text)
	if m == nil {
		log.Fatalf("%s does not name a release of Linux", dockerfile)
	}
	return string(m[1])
}

// noCalls are constants of the headers that look like system calls.
var noCalls = []string{"SYSCALL_MASK", "ARCH_SPECIFIC_SYSCALL"}

// read reads the constants of one architecture.
func read(sys, arch string) numbers {
	text, err := os.ReadFile(filepath.Join(sys, "unix/zsysnum_linux_"+arch+".go"))
	if err != nil {
		log.Fatal(err)
	}
	n := numbers{}
	for _, m := range regexp.MustCompile(`(?m)^\tSYS_(\w+)\s*= (\d+)$`).FindAllStringSubmatch(string(text), -1) {
		nr, err := strconv.Atoi(m[2])
		if err != nil {
			log.Fatal(err)
		}
		if !slices.Contains(noCalls, m[1]) {
			n[strings.ToLower(m[1])] = nr
		}
	}
	return n
}
