package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machineTable says what was measured on, without naming the machine.
func machineTable() table {
	t := table{title: "Machine", head: []string{"what", "which"}, words: true}
	memory := firstMatch(`MemTotal:\s+(\d+) kB`, readFile("/proc/meminfo"))
	var kib int
	fmt.Sscan(memory, &kib)
	t.add("processor", firstMatch(`model name\s*: (.*)`, readFile("/proc/cpuinfo")))
	t.add("cores, memory", fmt.Sprintf("%d, %.0f GiB", runtime.NumCPU(), float64(kib)/(1<<20)))
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		t.add("kernel", "Linux "+firstMatch(`^([0-9.]+)`, unix.ByteSliceToString(name.Release[:])))
	}
	t.add("bubblewrap", version("bwrap", "--version"))
	t.add("unshare", version("unshare", "--version"))
	t.add("iperf3", version("iperf3", "--version"))
	t.add("slirp4netns", version("slirp4netns", "--version"))
	t.add("pasta", firstMatch(`^pasta (\S+)`, versionText("pasta", "--version")))
	t.add("rootlesskit", version("rootlesskit", "--version"))
	t.add("C compiler", version("cc", "-dumpfullversion"))
	t.add("Go", strings.TrimPrefix(runtime.Version(), "go"))
	who := "an ordinary user"
	if os.Geteuid() == 0 {
		who = "root"
	}
	t.add("run by", who)
	return t
}

// version is the number that a program prints as its version.
func version(name string, args ...string) string {
	text, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return "none"
	}
	return firstMatch(`(\d+(?:\.\d+)+)`, string(text))
}

func versionText(name string, args ...string) string {
	text, _ := exec.Command(name, args...).Output()
	return string(text)
}

func readFile(name string) string {
	text, _ := os.ReadFile(name)
	return string(text)
}

func firstMatch(expression, text string) string {
	if m := regexp.MustCompile(expression).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return "unknown"
}
