package idmap

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// A file as Debian's adduser, podman's instructions, an administrator and
// several mistakes make it.
const subFile = `root:100000:65536
alice:165536:65536
containers:2147483647:2147483648
bob:231072:65536
1000:300000:1000
alice:1:oops
carol:296608:65536:
:400000:65536

# no comments in this format
alice.smith:500000:65536
alice:700000:65536
1000
100:800000:65536
ALICE:900000:10
 bob:910000:10
`

func TestParseSub(t *testing.T) {
	for _, c := range []struct {
		name string
		id   uint32
		want []SubRange
	}{
		{"root", 0, []SubRange{{100000, 65536}}},
		{"bob", 1001, []SubRange{{231072, 65536}}},
		{"containers", 999, []SubRange{{2147483647, 2147483648}}},
		{"nobody", 65534, nil},
		{"", 65534, nil}, // not the line without a name
		{"", 100, []SubRange{{800000, 65536}}},
		{"alice.smith", 7, []SubRange{{500000, 65536}}},
		{"ali", 10, nil},
		{"alice:165536", 65537, nil},
	} {
		got, err := ParseSub(iotest.OneByteReader(strings.NewReader(subFile)), c.name, c.id)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("ParseSub(%q, %d) = %v, %v, want %v", c.name, c.id, got, err, c.want)
		}
	}
	both := "alice:1:2\n1000:3:4\nalice:1:2"
	want := []SubRange{{1, 2}, {3, 4}, {1, 2}}
	if got, err := ParseSub(strings.NewReader(both), "alice", 1000); err != nil || !slices.Equal(got, want) {
		t.Errorf("by name and number: %v, %v", got, err)
	}
}

func TestParseSubOwnMistakes(t *testing.T) {
	_, err := ParseSub(strings.NewReader(subFile), "alice", 1002)
	wantError(t, err, "line 6", `count: "oops"`)
	_, err = ParseSub(strings.NewReader(subFile), "carol", 1002)
	wantError(t, err, "line 7", "count")
	_, err = ParseSub(strings.NewReader(subFile), "dave", 1000)
	wantError(t, err, "line 13", "want USER:START:COUNT")

	for _, rest := range []string{
		"", ":", ":1", ":1:", "::", "::1", ":1:2:3", ":1:2 ", ": 1:2", ":1:2\r", ":-1:2", ":+1:2", ":0x1:2", ":01:2",
		":1:0", ":4294967295:1", ":4294967295:2", ":1:4294967295", ":4294967296:1", ":0:4294967296", ":18446744073709551615:2",
	} {
		for _, user := range []string{"alice", "1000"} {
			subs, err := ParseSub(strings.NewReader("root:0:1\n"+user+rest+"\n"), "alice", 1000)
			wantError(t, err, "read subordinate ids: line 2: ")
			if err == nil {
				t.Errorf("%s%s: %v", user, rest, subs)
			}
			// Somebody else's mistake is not ours.
			if subs, err := ParseSub(strings.NewReader(user+rest+"\n"), "bob", 1001); err != nil || subs != nil {
				t.Errorf("%s%s for bob: %v, %v", user, rest, subs, err)
			}
		}
	}
}

func TestParseSubBounds(t *testing.T) {
	long := strings.Repeat("9", 1<<16)
	subs, err := ParseSub(strings.NewReader("bob:"+long+"\nalice:1:2\n"), "alice", 1000)
	if err != nil || !slices.Equal(subs, []SubRange{{1, 2}}) {
		t.Errorf("after somebody's long line: %v, %v", subs, err)
	}
	// The end of a long line is not a line of its own.
	tail := "bob:" + strings.Repeat("9", maxSubLine-len("bob:")) + "alice:1:2\n"
	if subs, err := ParseSub(strings.NewReader(tail), "alice", 1000); err != nil || subs != nil {
		t.Errorf("end of a long line: %v, %v", subs, err)
	}
	_, err = ParseSub(strings.NewReader("bob:1:2\nalice:"+long+"\n"), "alice", 1000)
	wantError(t, err, "line 2", "longer than 1024 bytes")
	// Nothing that a reader would still understand if it was cut.
	_, err = ParseSub(strings.NewReader("alice:1:2"+strings.Repeat("\x00", maxSubLine)), "alice", 1000)
	wantError(t, err, "longer than 1024 bytes")

	line := strings.Repeat("x", 63) + "\n"
	full := strings.Repeat(line, maxSubFile/len(line))
	if subs, err := ParseSub(strings.NewReader(full), "alice", 1000); err != nil || subs != nil {
		t.Errorf("largest file: %v, %v", subs, err)
	}
	_, err = ParseSub(strings.NewReader(full+"a"), "alice", 1000)
	wantError(t, err, "more than 16777216 bytes")

	_, err = ParseSub(iotest.ErrReader(os.ErrPermission), "alice", 1000)
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("failing reader: %v", err)
	}
}

func FuzzParseSub(f *testing.F) {
	f.Add(subFile, "bob", uint32(1001))
	f.Add("alice:1:2\nalice:1:2\n1000:2:2\n", "alice", uint32(1000))
	f.Add("alice:0:4294967295\n", "alice", uint32(5))
	f.Add("alice:4294967295:2", "alice", uint32(4294967295))
	f.Fuzz(func(t *testing.T, text, name string, id uint32) {
		subs, err := ParseSub(strings.NewReader(text), name, id)
		if err != nil {
			return
		}
		var printed strings.Builder
		for _, s := range subs {
			if s.Count == 0 || uint64(s.Start)+uint64(s.Count) > noID {
				t.Errorf("%v is not a valid range", s)
			}
			fmt.Fprintf(&printed, "%d:%v\n", id, s)
		}
		back, err := ParseSub(strings.NewReader(printed.String()), "", id)
		if err != nil || !slices.Equal(subs, back) {
			t.Errorf("%v printed and parsed: %v, %v", subs, back, err)
		}
		if id == noID {
			return
		}
		if err := Auto(id, subs).CheckDelegated(UID, id, subs); err != nil {
			t.Errorf("Auto(%d, %v): %v", id, subs, err)
		}
	})
}
