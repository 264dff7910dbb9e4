package attrs

import (
	"strings"
	"testing"

	"github.com/usandbox/usandbox/launch"
)

func TestSteps(t *testing.T) {
	for want, f := range map[string]func(*launch.Program){
		"switch core dumps off: prlimit64(0, RLIMIT_CORE, {1 byte}, 0); EPERM: next":                         NoCore,
		"deny memory that becomes executable: prctl(PR_SET_MDWE, 1, 0, 0, 0)":                                DenyWriteExec,
		"set oom_score_adj to -7: openat(AT_FDCWD, \"/proc/self/oom_score_adj\", O_CLOEXEC|O_WRONLY) = file": func(p *launch.Program) { OOMScoreAdj(p, -7) },
		"set the personality linux32,addr-no-randomize: personality(0x40008)":                                Personality(0x40008).Set,
	} {
		p := launch.New(3)
		f(p)
		if got := p.Steps()[0].Doing() + ": " + p.Steps()[0].String(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

func TestParsePersonality(t *testing.T) {
	for text, want := range map[string]Personality{
		"linux": 0, "linux32": 8, "linux64,addr-no-randomize": 0x40000, "3gb,linux32": 0x8000008, "uname-2.6": 0x20000,
	} {
		if got, err := ParsePersonality(text); err != nil || got != want {
			t.Errorf("%s: %#x, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ",", "linux,", "LINUX32", "0x8", "linux 32", "i386"} {
		if got, err := ParsePersonality(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	for want, p := range map[string]Personality{"linux": 0, "addr-no-randomize": 0x40000, "linux32,0x4": 0xc} {
		if got := p.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint32(p), got, want)
		}
	}
}

// What is printed is read as the same again, and nothing is read that has no name.
func FuzzParsePersonality(f *testing.F) {
	f.Add("linux32,addr-no-randomize")
	f.Add("linux64,,3gb")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePersonality(text)
		if err != nil {
			return
		}
		if again, err := ParsePersonality(p.String()); err != nil || again != p {
			t.Errorf("%q is %v, and that is %v, %v", text, p, again, err)
		}
		for _, name := range strings.Split(text, ",") {
			if !strings.Contains(personalityNames(), name) {
				t.Errorf("%q was understood", name)
			}
		}
	})
}
