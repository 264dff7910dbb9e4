package attrs

import (
	"math"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

func TestLimitSteps(t *testing.T) {
	for want, f := range map[string]func(*launch.Program){
		"set the resource limit nofile=10:unlimited: prlimit64(0, RLIMIT_NOFILE, {limit}, 0)": func(p *launch.Program) {
			Rlimit{unix.RLIMIT_NOFILE, 10, Unlimited}.Set(p)
		},
		"set the nice value -3: setpriority(0, 0, -3)":                           func(p *launch.Program) { Nice(p, -3) },
		"run on the processors 0,2-3,64: sched_setaffinity(0, 16, {processors})": Affinity{0, 2, 3, 64}.Set,
	} {
		p := launch.New(3)
		f(p)
		if got := p.Steps()[0].Doing() + ": " + p.Steps()[0].String(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

func TestParseRlimit(t *testing.T) {
	for text, want := range map[string]Rlimit{
		"nofile=64":               {unix.RLIMIT_NOFILE, 64, 64},
		"fsize=1K:2M":             {unix.RLIMIT_FSIZE, 1 << 10, 2 << 20},
		"stack=8M:unlimited":      {unix.RLIMIT_STACK, 8 << 20, Unlimited},
		"as=unlimited":            {unix.RLIMIT_AS, Unlimited, Unlimited},
		"cpu=0":                   {unix.RLIMIT_CPU, 0, 0},
		"data=8388607T":           {unix.RLIMIT_DATA, 8388607 << 40, 8388607 << 40},
		"rss=9223372036854775807": {unix.RLIMIT_RSS, math.MaxInt64, math.MaxInt64},
	} {
		if got, err := ParseRlimit(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "nofile", "nofile=", "nofile=:3", "nofile=3:", "nofile=3:4:5", "nofile=-1", "nofile=+1", "nofile=1K", "nofile= 1", "NOFILE=1", "RLIMIT_AS=1", "files=1",
		"as=K", "as=1k", "as=1.5M", "as=1MB", "as=8388608T", "as=99999999999999999999", "as=2:1", "as=unlimited:5", "nofile=1=2",
	} {
		if got, err := ParseRlimit(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestRlimitCheck(t *testing.T) {
	var own unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &own); err != nil {
		t.Fatal(err)
	}
	if err := (Rlimit{unix.RLIMIT_NOFILE, 1, own.Max}).Check(); err != nil {
		t.Error(err)
	}
	for _, l := range []Rlimit{{unix.RLIMIT_NOFILE, 1, own.Max + 1}, {unix.RLIMIT_NOFILE, 2, 1}, {99, 1, 1}, {-1, 1, 1}} {
		if l.Check() == nil {
			t.Errorf("%v is well", l)
		}
	}
}

func TestParseAffinity(t *testing.T) {
	for text, want := range map[string]string{"0": "0", "3,1,2": "1-3", "0,2-5,4,9": "0,2-5,9", "8191": "8191", "7-7": "7"} {
		if got, err := ParseAffinity(text); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ",", "1,", "-", "1-", "-1", "3-1", "8192", "0-8192", "+1", "1 ", "a", "0x1", "1-2-3"} {
		if got, err := ParseAffinity(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	for _, a := range []Affinity{{}, {1, 0}, {-1}, {maxCPU}, {maxCPU - 1}} {
		if a.Check() == nil {
			t.Errorf("%v is well", []int(a))
		}
	}
}

func TestCheckNice(t *testing.T) {
	for _, n := range []int{-21, 20} {
		if CheckNice(n) == nil {
			t.Errorf("%d is well", n)
		}
	}
	if err := CheckNice(19); err != nil {
		t.Error(err)
	}
}

// What is understood means the same when it is printed and read again.
func FuzzLimits(f *testing.F) {
	for _, text := range []string{"nofile=64", "as=1K:unlimited", "0,2-5", "cpu=", "stack=9999999T", "8191-8191,1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := ParseRlimit(text); err == nil {
			if again, err := ParseRlimit(l.String()); err != nil || again != l {
				t.Errorf("%q is %v, and that is %v, %v", text, l, again, err)
			}
			if l.Soft > l.Hard {
				t.Errorf("%q is %v", text, l)
			}
		}
		if a, err := ParseAffinity(text); err == nil {
			if again, err := ParseAffinity(a.String()); err != nil || !slices.Equal(again, a) {
				t.Errorf("%q is %v, and that is %v, %v", text, a, again, err)
			}
			if len(a) == 0 || a[0] < 0 || a[len(a)-1] >= maxCPU {
				t.Errorf("%q is %v", text, a)
			}
		}
	})
}
