package network

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseAllow(t *testing.T) {
	for spec, want := range map[string]string{
		"example.org":                     "example.org:80,443",
		"Example.ORG.":                    "example.org:80,443",
		"example.org:22":                  "example.org:22",
		"example.org:443,80":              "example.org:80,443",
		"example.org:8000-8010,8005-8020": "example.org:8000-8020",
		"example.org:1,2,3":               "example.org:1-3",
		"example.org:*":                   "example.org:*",
		"example.org:1-65535":             "example.org:*",
		"tcp/example.org":                 "example.org:80,443",
		"udp/example.org:443":             "udp/example.org:443",
		"udp/example.org:*":               "udp/example.org:*",
		"*.example.org":                   "*.example.org:80,443",
		"*.example.org:22":                "*.example.org:22",
		"intranet":                        "intranet:80,443",
		"my_host.example.org":             "my_host.example.org:80,443",
		"xn--bcher-kva.example":           "xn--bcher-kva.example:80,443",
		"3com.example.com4":               "3com.example.com4:80,443",
		"192.0.2.1":                       "192.0.2.1:80,443",
		"192.0.2.1:443":                   "192.0.2.1:443",
		"192.0.2.0/24:443":                "192.0.2.0/24:443",
		"0.0.0.0/0:443":                   "0.0.0.0/0:443",
		"[2001:db8::1]":                   "[2001:db8::1]:80,443",
		"[2001:DB8::1]:443":               "[2001:db8::1]:443",
		"[2001:db8::/32]:443":             "[2001:db8::/32]:443",
		"2001:db8::/32":                   "[2001:db8::/32]:80,443",
		"udp/[2001:db8::1]:53":            "udp/[2001:db8::1]:53",
		"[::ffff:192.0.2.1]:443":          "192.0.2.1:443",
		"[::ffff:192.0.2.0/120]:443":      "192.0.2.0/24:443",
		"127.0.0.1:5432":                  "127.0.0.1:5432",
	} {
		rules, err := ParseAllow(spec, "--allow")
		if err != nil || len(rules) != 1 {
			t.Errorf("%s: %v, %v", spec, rules, err)
			continue
		}
		if got := rules[0].String(); got != want {
			t.Errorf("%s is %s, want %s", spec, got, want)
		}
		if rules[0].Origin != "--allow "+spec {
			t.Errorf("%s: origin %q", spec, rules[0].Origin)
		}
		again, err := ParseAllow(rules[0].String(), "")
		if err != nil || again[0].Protocol != rules[0].Protocol || !reflect.DeepEqual(again[0].Ports, rules[0].Ports) ||
			again[0].Name != rules[0].Name || again[0].Prefix != rules[0].Prefix {
			t.Errorf("%s is %v once printed, %v", spec, again, err)
		}
	}
}

// A mistake must not become a rule that means more, or something else.
func TestParseAllowRefuses(t *testing.T) {
	long := strings.Repeat("a", 64)
	for spec, want := range map[string]string{
		"":                        "the name is empty",
		".":                       "no host",
		":443":                    "the name is empty",
		"example.org:":            "no port follows",
		"example.org:0":           "no port from 1",
		"example.org:65536":       "no port from 1",
		"example.org:+1":          "no port from 1",
		"example.org:080":         "no port from 1",
		"example.org:80,":         "no port from 1",
		"example.org:80,*":        "no port from 1",
		"example.org:90-80":       "end before they begin",
		"example.org:80-":         "no port from 1",
		"example.org:http":        "no port from 1",
		"udp/example.org":         "needs a port",
		"sctp/example.org:1":      "neither a name nor",
		"https://example.org":     "URL",
		"example.org/path":        "neither a name nor",
		"*":                       "every name",
		"*:443":                   "every name",
		"*.org":                   "top-level",
		"*.":                      "empty",
		"*.*.org":                 "stands alone",
		"a.*.org":                 "stands alone",
		"a*.example.org":          "stands alone",
		"**.example.org":          "stands alone",
		"*.192.0.2.1":             "spelled oddly",
		"a..b":                    "part of the name is empty",
		".example.org":            "part of the name is empty",
		"example.org..":           "part of the name is empty",
		"-a.example.org":          "hyphen",
		"a-.example.org":          "hyphen",
		long + ".example.org":     "longer than 63",
		"a b.example.org":         "letters, digits",
		"a\x00.example.org":       "letters, digits",
		"a@example.org":           "letters, digits",
		"bücher.example":          "not ASCII",
		"example\u3002org":        "not ASCII",
		"\xff.example.org":        "not ASCII",
		"127.1":                   "spelled oddly",
		"0x7f.1":                  "spelled oddly",
		"0x7f000001":              "spelled oddly",
		"0X7F000001":              "spelled oddly",
		"2130706433":              "spelled oddly",
		"017700000001":            "spelled oddly",
		"0177.0.0.01":             "spelled oddly",
		"127.0.0.01":              "spelled oddly",
		"1.2.3.4.":                "spelled oddly",
		"1.2.3.4.5":               "spelled oddly",
		"a.0x":                    "spelled oddly",
		"256.256.256.256":         "spelled oddly",
		"localhost:80":            "the sandbox itself",
		"a.localhost":             "the sandbox itself",
		"2001:db8::1":             "stands in brackets",
		"::1:443":                 "stands in brackets",
		"::ffff:127.0.0.1":        "stands in brackets",
		"[2001:db8::1":            "not closed",
		"[2001:db8::1]443":        ":PORT",
		"[2001:db8::1]/64:443":    ":PORT",
		"[example.org]:443":       "no IPv6 address",
		"[192.0.2.1]:443":         "brackets are for IPv6",
		"[*.example.org]:443":     "no IPv6 address",
		"[fe80::1%eth0]:443":      "one interface",
		"192.0.2.1/24:443":        "bits are set",
		"[2001:db8::1/32]:443":    "bits are set",
		"192.0.2.0/33:443":        "neither a name nor",
		"[::ffff:0:0/90]:443":     "bits are set",
		"@":                       "missing",
		strings.Repeat("a", 9999): "longer than",
		"example.org,example.com": "letters, digits",
	} {
		rules, err := ParseAllow(spec, "--allow")
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(syntax.Problem, want) {
			t.Errorf("%.40q is %v, %v; want an error with %q", spec, rules, err, want)
		}
	}
}

func TestParseDeny(t *testing.T) {
	for spec, want := range map[string]string{
		"example.org":          "example.org",
		"example.org:*":        "example.org",
		"example.org:443":      "example.org:443",
		"tcp/example.org":      "tcp/example.org",
		"udp/example.org":      "udp/example.org",
		"udp/*.example.org:53": "udp/*.example.org:53",
		"192.0.2.0/24":         "192.0.2.0/24",
		"[2001:db8::1]":        "[2001:db8::1]",
	} {
		rules, err := ParseDeny(spec, "--deny")
		if err != nil || len(rules) != 1 || rules[0].DenyString() != want {
			t.Errorf("%s is %v, %v; want %s", spec, rules, err, want)
			continue
		}
		again, err := ParseDeny(rules[0].DenyString(), "")
		if err != nil || again[0].Protocol != rules[0].Protocol || !reflect.DeepEqual(again[0].Ports, rules[0].Ports) {
			t.Errorf("%s is %v once printed, %v", spec, again, err)
		}
	}
}

// The hint has the name as DNS has it, by the samples of RFC 3492 and others.
func TestHintOfUnicodeName(t *testing.T) {
	for name, want := range map[string]string{
		"bücher.example":    "xn--bcher-kva.example",
		"BÜCHER.example":    "xn--bcher-kva.example",
		"münchen.de":        "xn--mnchen-3ya.de",
		"例え.テスト":            "xn--r8jz45g.xn--zckzah",
		"пример.испытание":  "xn--e1afmkfd.xn--80akhbyknj4f",
		"ليهمابتكلموشعربي؟": "", // not letters alone
	} {
		_, err := ParseAllow(name, "")
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want != "" && !strings.HasSuffix(syntax.Hint, ": "+want) || want == "" && strings.Contains(syntax.Hint, ": ") {
			t.Errorf("%s: hint %q, want %s", name, syntax.Hint, want)
		}
	}
}

func TestParseHost(t *testing.T) {
	for spec, want := range map[string]string{
		"db.internal=10.0.0.5":          "db.internal=10.0.0.5",
		"DB.internal.=[2001:db8::1]":    "db.internal=2001:db8::1",
		"host.internal=::1":             "host.internal=::1",
		"host.internal=::ffff:10.1.1.1": "host.internal=10.1.1.1",
		"a=":                            "",
		"a":                             "",
		"=10.0.0.1":                     "",
		"a=10.0.0.1:80":                 "",
		"a=[10.0.0.1]":                  "",
		"a=[::1":                        "",
		"a=0.0.0.0":                     "",
		"a=::":                          "",
		"a=224.0.0.1":                   "",
		"a=fe80::1%lo":                  "",
		"a=10.0.0.01":                   "",
		"*.a.b=10.0.0.1":                "",
		"10.0.0.1=10.0.0.2":             "",
		"localhost=10.0.0.2":            "",
	} {
		h, err := ParseHost(spec, "--hosts")
		if want == "" {
			if err == nil {
				t.Errorf("%s is %v", spec, h)
			}
			continue
		}
		if err != nil || h.String() != want {
			t.Errorf("%s is %v, %v; want %s", spec, h, err, want)
		}
	}
}

func TestParsePublished(t *testing.T) {
	for spec, want := range map[string]string{
		"8080:80":            "127.0.0.1:8080:80",
		"0:80":               "127.0.0.1:0:80",
		"8080:80/tcp":        "127.0.0.1:8080:80",
		"8053:53/udp":        "127.0.0.1:8053:53/udp",
		"0.0.0.0:8080:80":    "0.0.0.0:8080:80",
		"[::1]:8080:80":      "[::1]:8080:80",
		"[::]:0:80/udp":      "[::]:0:80/udp",
		"":                   "",
		"80":                 "",
		"80:":                "",
		":80":                "",
		"80:0":               "",
		"80:80:80":           "",
		"1.2.3.4:80":         "",
		"localhost:80:80":    "",
		"::1:80:80":          "",
		"[::1:80:80":         "",
		"[::1]80:80":         "",
		"[1.2.3.4]:80:80":    "",
		"[fe80::1%lo]:80:80": "",
		"80:80/sctp":         "",
		"80:80/":             "",
		"80:80/udp/udp":      "",
		"65536:80":           "",
		"-1:80":              "",
		"224.0.0.1:80:80":    "",
	} {
		p, err := ParsePublished(spec, "--publish")
		if want == "" {
			if err == nil {
				t.Errorf("%s is %v", spec, p)
			}
			continue
		}
		if err != nil || p.String() != want {
			t.Errorf("%s is %v, %v; want %s", spec, p, err, want)
			continue
		}
		if again, err := ParsePublished(p.String(), ""); err != nil || again.Host != p.Host || again.Port != p.Port || again.Protocol != p.Protocol {
			t.Errorf("%s is %v once printed, %v", spec, again, err)
		}
	}
}
