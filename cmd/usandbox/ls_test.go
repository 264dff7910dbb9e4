package main

// What ls prints of namespaces that are given: every form, with processes and paths
// that try to be more than text.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/usandbox/usandbox/userns"
)

// someNamespaces are the first user and network namespace, a user namespace below,
// and what that owns: a PID namespace, and two network namespaces without a process,
// which a mount and a file descriptor keep.
func someNamespaces() []*userns.Namespace {
	one, two, three := &userns.Process{PID: 10, PPID: 1, UID: 4000000001}, &userns.Process{PID: 20, PPID: 10, UID: 4000000002}, &userns.Process{PID: 21, PPID: 20, UID: 4000000002}
	return []*userns.Namespace{
		{Kind: userns.Network, Inode: 5000001, Owner: 5000002, OwnerUID: 0, Processes: []*userns.Process{one, two, three}},
		{Kind: userns.User, Inode: 5000002, OwnerUID: 0, Processes: []*userns.Process{one}},
		{Kind: userns.User, Inode: 5000003, Owner: 5000002, Parent: 5000002, OwnerUID: 4000000001, Processes: []*userns.Process{two, three}},
		{Kind: userns.PID, Inode: 5000004, Owner: 5000003, Parent: 4999999, OwnerUID: 4000000001, Processes: []*userns.Process{three}},
		{Kind: userns.Network, Inode: 5000005, Owner: 5000003, OwnerUID: 4000000001, Mounts: []string{"/a b\n", "/c\x1b[2J", "/a b\n"}},
		{Kind: userns.Network, Inode: 5000006, OwnerUID: -1, FDs: []userns.FD{{PID: 20, FD: 7}}},
	}
}

// lsOf is what ls prints of someNamespaces, each process with a command.
func lsOf(t *testing.T, commands map[int]string, args ...string) string {
	t.Helper()
	f := newLsFlags()
	rest, err := f.parse(args)
	if err != nil {
		t.Fatal(err)
	}
	var inode uint64
	if len(rest) > 0 {
		inode = 5000001
	}
	columns, err := f.columns(inode != 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range columns {
		if c.name == "COMMAND" {
			columns[i].cell = func(_ *lsCells, r *lsRow) string {
				if r.process == nil {
					return ""
				}
				return commands[r.process.PID]
			}
		}
	}
	rows, err := f.rows(someNamespaces(), inode)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := bufio.NewWriter(&b)
	f.print(out, columns, rows)
	out.Flush()
	return b.String()
}

func TestLsPrint(t *testing.T) {
	commands := map[int]string{10: "one", 20: "two words", 21: "three\n\x1b[31m\u202e\xff"}
	for _, c := range []struct{ lang, args, want string }{
		{"C.UTF-8", "", `
     NS TYPE NPROCS PID USER       COMMAND
5000001 net       3  10 4000000001 one
5000002 user      1  10 4000000001 one
5000003 user      2  20 4000000002 └─two words
5000004 pid       1  21 4000000002   └─three\n\x1b[31m\u202e\xff
5000005 net       0     4000000001
5000006 net       0
`},
		{"C.UTF-8", "-T -n -o NS,TYPE,PID,OWNER,PARENT", `
5000002     user 10       0       0
├─5000001   net  10 5000002       0
└─5000003   user 20 5000002 5000002
  ├─5000004 pid  21 5000003 4999999
  └─5000005 net     5000003       0
5000006     net           0       0
`},
		{"C", "-Tparent -n -o NS,TYPE", "\n5000002   user\n`-5000003 user\n5000001   net\n5000004   pid\n5000005   net\n5000006   net\n"},
		{"C", "-nr -o COMMAND,PID,NSFS,NETNSID,TYPE", `
one 10   net
one 10   user
two\x20words 20   user
three\n\x1b[31m\u202e\xff 21   pid
  /a\x20b\n,/c\x1b[2J  net
    net
`},
		{"C", "5000001", `
PID PPID USER       COMMAND
 10    1 4000000001 one
 20   10 4000000002 ` + "`-two words" + `
 21   20 4000000002 ` + "  `-three" + `\n\x1b[31m\u202e\xff
`},
		{"C", "-l 5000001 -o PID -n", "\n10\n20\n21\n"},
	} {
		t.Setenv("LC_ALL", c.lang)
		if got := lsOf(t, commands, strings.Fields(c.args)...); got != c.want[1:] {
			t.Errorf("ls %s:\n%s\nwant\n%s", c.args, got, c.want[1:])
		}
	}
}

// A mount point may hold a newline, and NSFS has one between mount points: each is
// a line of its cell, and none of it a row.
func TestLsMountPoints(t *testing.T) {
	for args, want := range map[string]string{
		"-lP -n -o NS,PATH,NSFS":  "5000005 /a b\\n        /a b\\n\n                      /c\\x1b[2J\n5000006 /proc/20/fd/7\n",
		"-lPW -n -o NS,NSFS":      "5000005 /a b\\n,/c\\x1b[2J\n5000006\n",
		"-lPr -o NSFS,NS":         "NSFS NS\n/a\\x20b\\n,/c\\x1b[2J 5000005\n 5000006\n",
		"-lPr -n -o PATH,NPROCS":  "/a\\x20b\\n 0\n/proc/20/fd/7 0\n",
		"-P -T -n -o NS":          "5000002\n`-5000003\n  `-5000005\n5000006\n",
		"-l -p 21 -n -o NS":       "5000001\n5000003\n5000004\n",
		"-p 21 -T -n -o NS":       "5000002\n|-5000001\n`-5000003\n  `-5000004\n",
		"-l -n -p 10 -o UID,PPID": "4000000001 1\n4000000001 1\n",
		"-l -n -p 10 -o ONS,PNS":  "5000002 0\n      0 0\n",
	} {
		t.Setenv("LC_ALL", "C")
		if got := lsOf(t, nil, strings.Fields(args)...); got != want {
			t.Errorf("ls %s:\n%s\nwant\n%s", args, got, want)
		}
	}
}

func TestLsWidth(t *testing.T) {
	f := newLsFlags()
	columns, err := f.columns(false)
	if err != nil {
		t.Fatal(err)
	}
	columns[5].cell = func(*lsCells, *lsRow) string { return "→_a_long_command_line" }
	for width, want := range map[int]int{0: 49, 49: 49, 48: 48, 40: 40, 36: 36, 3: 35} {
		table := lsTable{columns: columns, width: width}
		var b bytes.Buffer
		out := bufio.NewWriter(&b)
		table.print(out, []*lsRow{{ns: someNamespaces()[0], process: someNamespaces()[0].Processes[0]}}, &lsCells{})
		out.Flush()
		if got := utf8.RuneCountInString(strings.TrimSuffix(b.String(), "\n")); got != want {
			t.Errorf("a terminal %d wide: %d wide, want %d: %s", width, got, want, &b)
		}
	}
}

func TestLsJSON(t *testing.T) {
	commands := map[int]string{10: "a \"quoted\" \\", 20: "two\nlines \x1b[2J \u009b \U000e0001", 21: "\xff"}
	type row struct {
		NS, NPROCS, Owner, Parent int
		PID, PPID, UID            *int
		Type                      string
		Command, Path, NSFS       *string
		Children                  []row
	}
	var got struct{ Namespaces []row }
	text := lsOf(t, commands, "-J", "-o", "NS,TYPE,NPROCS,PID,PPID,UID,COMMAND,PATH,NSFS,OWNER,PARENT")
	decode := json.NewDecoder(strings.NewReader(text))
	decode.DisallowUnknownFields()
	if err := decode.Decode(&got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if strings.ContainsAny(text, "\x1b\u009b\U000e0001") || !utf8.ValidString(text) {
		t.Errorf("a control character is printed as it is: %q", text)
	}
	top := got.Namespaces
	if len(top) != 4 || len(top[1].Children) != 1 || len(top[1].Children[0].Children) != 1 {
		t.Fatalf("%s", text)
	}
	two := top[1].Children[0]
	if two.NS != 5000003 || two.Type != "user" || *two.PID != 20 || *two.PPID != 10 || *two.UID != 4000000002 || *two.Command != commands[20] || two.Owner != 5000002 || two.NSFS != nil {
		t.Errorf("%+v", two)
	}
	if *top[0].Command != commands[10] || *two.Children[0].Command != "\ufffd" {
		t.Errorf("%q, %q", *top[0].Command, *two.Children[0].Command)
	}
	if fd := top[3]; fd.PID != nil || fd.UID != nil || fd.Command != nil || *fd.Path != "/proc/20/fd/7" || fd.NPROCS != 0 {
		t.Errorf("%+v", fd)
	}
	if mount := top[2]; *mount.NSFS != "/a b\n\n/c\x1b[2J" || *mount.UID != 4000000001 {
		t.Errorf("%+v", mount)
	}
	if text := lsOf(t, commands, "-Jl", "-t", "net", "-o", "NS"); !strings.Contains(text, "5000001") || strings.Contains(text, "children") {
		t.Errorf("%s", text)
	}
}

func TestLsErrors(t *testing.T) {
	for args, want := range map[string]string{
		"-t none":              "--type: \"none\" is not one of user,time,pid,mnt,uts,ipc,net,cgroup",
		"-t net,":              "--type: \"\" is not one of",
		"-o NS,none":           "--output: there is no column \"none\"\nhint: columns are NS,TYPE,",
		"-o ":                  "flag needs an argument: 'o' in -o",
		"-o NS,":               "--output: there is no column \"\"",
		"-Jr":                  "--json: it excludes --raw",
		"-P -p 1":              "--persistent: it excludes --task",
		"-l -T":                "--list: it excludes --tree",
		"--tree=none":          "--tree: \"none\" is not one of owner, parent, process",
		"-T parent":            "\"parent\" is no process id and no number of a namespace\nhint: usandbox ls --tree=parent",
		"-p 0":                 "--task: 0 is no process id",
		"-p -1":                "--task: -1 is no process id",
		"-p 4194305":           "--task: there is no process 4194305",
		"-p x":                 "for \"-p, --task\" flag",
		"4194304":              "explain process 4194304: there is none",
		"4194305":              "you see no namespace 4194305",
		"1 2":                  "more than one argument: [\"1\" \"2\"]",
		"0":                    "\"0\" is no process id",
		"-- -1":                "\"-1\" is no process id",
		"1 -n":                 "explain process 1: it takes no flags; --task 1 lists",
		"4194305 -P":           "go with no number of a namespace",
		"--jsn":                "unknown flag: --jsn\nhint: did you mean --json?",
		"99999999999999999999": "is no process id",
	} {
		code, out, errOut := said(t, append([]string{"ls"}, strings.Fields(args)...)...)
		if code != 125 || out != "" || !strings.HasPrefix(errOut, "usandbox: ") || !strings.Contains(errOut, want) {
			t.Errorf("ls %s: code %d, %q, %q", args, code, out, errOut)
		}
	}
	code, out, errOut := said(t, "ls", "--help")
	if code != 0 || errOut != "" || !strings.Contains(out, "--persistent") || !strings.Contains(out, "\n  NETNSID ") {
		t.Errorf("help: code %d, %q, %q", code, out, errOut)
	}
}

func TestLsSelf(t *testing.T) {
	code, out, errOut := said(t, "ls")
	if code != 0 || errOut != "" || !strings.Contains(out, "NS TYPE") || !strings.Contains(out, " mnt ") {
		t.Errorf("code %d, %q, %q", code, out, errOut)
	}
	code, out, errOut = said(t, "ls", pidText())
	for _, want := range []string{"process " + pidText() + ": ", "  user           you (", " shared with you; ", "the same as yours", "  effective ", "  seccomp ", "  Landlock ", "  mounts ", "  statistics "} {
		if !strings.Contains(out, want) || code != 0 || errOut != "" {
			t.Errorf("no %q: code %d, %q, %q", want, code, out, errOut)
		}
	}
}

func pidText() string { return strings.TrimPrefix(must(os.Readlink("/proc/self")), "/proc/") }

func must(text string, _ error) string { return text }

func TestIDRangeWords(t *testing.T) {
	name := func(id uint64) string { return "N" }
	for text, want := range map[string]string{
		"0 1000 1\n":                         "inside 0 is you (1000)",
		"         0       1001          1\n": "inside 0 is N",
		"0 0 4294967295\n":                   "every id is the same inside and outside",
		"1 100000 65536\n":                   "inside 1 to 65536 are 100000 to 165535",
		"5 996 10\n":                         "inside 5 to 14 are 996 to 1005, so 9 is you (1000)",
		"0 0 2000\n":                         "inside 0 to 1999 are the same outside, so 1000 is you (1000)",
		"0 4294967295 1\n":                   "inside 0 is one that has no number here",
		"1 4294967295 9\n":                   "inside 1 to 9 are some that have no number here",
		"":                                   "",
	} {
		list, err := parseIDRanges(text)
		got := ""
		for _, r := range list {
			got += r.words(1000, "you", name)
		}
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"\n", "0 0\n", "0 0 0\n", "0 0 1 1\n", "x 0 1\n", "-1 0 1\n", "1 0 4294967296\n", "4294967295 0 2\n"} {
		if list, err := parseIDRanges(text); err == nil {
			t.Errorf("%q: %v", text, list)
		}
	}
}

func TestMountSummary(t *testing.T) {
	s, err := summary([]byte("1 0 8:1 / / rw shared:1 - ext4 a rw\n2 1 0:1 / /proc rw shared:2 master:1 - proc p rw\n3 1 8:1 /x /y ro - ext4 a rw\n4 1 0:9 net:[5] /n rw unbindable - nsfs n rw\n"),
		[]byte("a / ext4 rw 0 0\np /proc proc rw 0 0\na /y ext4 ro,noatime 0 0\nn /n nsfs rw 0 0\n"),
		[]byte("device a mounted on / with fstype ext4\ndevice s:/ mounted on /m with fstype nfs4 statvers=1.1\n\tage:\t60\n\tbytes:\t0 0 0 0 2048 5\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.types() != "4: 2 ext4, 1 nsfs, 1 proc" || s.propagation() != "2 shared, 1 slave, 1 private, 1 unbindable" || s.readOnly != 1 || s.binds != 1 || s.namespaces != 1 {
		t.Errorf("%+v: %s; %s", s, s.types(), s.propagation())
	}
	if len(s.stats) != 1 || s.stats[0].Age != time.Minute || amount(s.stats[0].Read) != "2.0 KiB" || amount(s.stats[0].Written) != "5 B" || amount(1<<63) != "8.0 EiB" {
		t.Errorf("%+v", s.stats)
	}
	for i := range 3 {
		texts := make([][]byte, 3)
		texts[i] = []byte("x")
		if _, err := summary(texts[0], texts[1], texts[2]); err == nil {
			t.Errorf("file %d is not understood, and no error", i)
		}
	}
}

func TestSeccompWords(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"0", "0"}: "none", {"1", "0"}: "strict: read, write and exit alone", {"2", "1"}: "by 1 filter", {"2", "3"}: "by 3 filters", {"2", ""}: "by filters",
		{"", ""}: "not shown by this kernel", {"7", "1"}: "not shown by this kernel",
	} {
		if got := seccompWords(in[0], in[1]); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\/", "\x00\x1b\x7f\u009b", "\u202e\U000e0001\U0001f600", "\xff\xfe", "\u2028<>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var back string
		if err := json.Unmarshal([]byte(jsonString(text)), &back); err != nil || back != string([]rune(text)) {
			t.Errorf("%q: %s, %q, %v", text, jsonString(text), back, err)
		}
		if printable(jsonString(text)) != jsonString(text) {
			t.Errorf("%q: %s", text, jsonString(text))
		}
	})
}
