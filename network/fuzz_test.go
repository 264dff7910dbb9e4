package network

import (
	"io"
	"io/fs"
	"reflect"
	"strings"
	"testing"
)

func FuzzParseAllow(f *testing.F) {
	for _, spec := range []string{
		"example.org", "*.example.org:22,80-90", "udp/a.b:53", "tcp/a:1", "192.0.2.0/24:443", "[2001:db8::/32]:*", "2001:db8::/32",
		"[::ffff:1.2.3.4]:1", "0x7f.1", "a.b:65535,1-3,2-9", "127.1", "bücher.example", "[::1%a]",
	} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		if strings.HasPrefix(spec, "@") {
			return
		}
		for _, deny := range []bool{false, true} {
			r, err := parseRule(spec, deny)
			if err != nil {
				continue
			}
			text := r.String()
			if deny {
				text = r.DenyString()
			}
			again, err := parseRule(text, deny)
			if err != nil || !reflect.DeepEqual(again, r) {
				t.Fatalf("%q is %#v, printed %q, read again %#v, %v", spec, r, text, again, err)
			}
			if (r.Name == "") == !r.Prefix.IsValid() {
				t.Fatalf("%q: neither a name nor an address, or both: %#v", spec, r)
			}
			if r.Protocol == Any && !deny {
				t.Fatalf("%q: both protocols", spec)
			}
			if name, wildcard := strings.CutPrefix(r.Name, "*."); r.Name != "" {
				if _, err := CheckName(name); err != nil || wildcard && !strings.Contains(name, ".") {
					t.Fatalf("%q: name %q, %v", spec, r.Name, err)
				}
			}
			for i := 1; i < len(r.Ports); i++ {
				if int(r.Ports[i].First) <= int(r.Ports[i-1].Last)+1 {
					t.Fatalf("%q: ports %v", spec, r.Ports)
				}
			}
		}
	})
}

func FuzzList(f *testing.F) {
	f.Add("a.b\n@two\ninclude two", "# x\n192.0.2.1:1 # y\n")
	f.Add("@one\n@two", "@one\n@two")
	f.Add("include\t../one", "\r\n\x00")
	f.Fuzz(func(t *testing.T, one, two string) {
		opened := 0
		l := &list{rules: []Rule{}, open: func(name string) (io.ReadCloser, error) {
			opened++
			switch name {
			case "one":
				return io.NopCloser(strings.NewReader(one)), nil
			case "two":
				return io.NopCloser(strings.NewReader(two)), nil
			}
			return nil, fs.ErrNotExist
		}}
		err := l.read("one", "", 1)
		if opened > MaxListFiles || len(l.rules) > MaxListRules || l.size > MaxListSize+maxSpec+2 {
			t.Fatalf("%d files, %d rules, %d bytes", opened, len(l.rules), l.size)
		}
		if err != nil {
			return
		}
		for _, r := range l.rules {
			if !strings.HasPrefix(r.Origin, "one:") && !strings.HasPrefix(r.Origin, "two:") {
				t.Fatalf("origin %q", r.Origin)
			}
			if again, err := parseRule(r.String(), false); err != nil || again.String() != r.String() {
				t.Fatalf("%v, %v", again, err)
			}
		}
	})
}
