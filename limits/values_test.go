package limits

import (
	"math"
	"strings"
	"testing"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "4096": 4096, "500M": 500 << 20, "2G": 2 << 30, "1.5G": 3 << 29, "1T": 1 << 40, "2KiB": 2048, "0.5K": 512, "1MiB": 1 << 20,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "M", "-1", "+1", "1.5", "1m", "1 M", "1MB", "1iB", "iB", "0x10", "1e9", "inf", "NaN", ".5G", "5.G", "1.2.3G", "9999999T", "0.0000001K", "1GG", "max"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestParseCPUs(t *testing.T) {
	for text, want := range map[string]float64{"1": 1, "0.5": 0.5, "1.5": 1.5, "64": 64, "0.01": 0.01} {
		if got, err := ParseCPUs(text); err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "0.001", "-1", "1,5", "1e3", "inf", "8193", "0-3", "max"} {
		if got, err := ParseCPUs(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestCheckCPUSet(t *testing.T) {
	for _, text := range []string{"0", "0-3", "0-3,8", "1,2,3", "5-5"} {
		if err := CheckCPUSet(text); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"", ",", "0,", "3-1", "-1", "1-", "a", "0-3:2", " 1", "99999", "8192", strings.Repeat("1,", 4096) + "1"} {
		if CheckCPUSet(text) == nil {
			t.Errorf("%.20q is one", text)
		}
	}
}

func TestCheck(t *testing.T) {
	less := int64(-1)
	for _, l := range []Limits{{Memory: -1}, {MemoryHigh: -1}, {Swap: &less}, {Pids: -1}, {CPUs: math.NaN()}, {CPUs: 0.001}, {CPUWeight: 10001}, {IOWeight: -1}, {CPUSet: "x"}} {
		if l.Check() == nil {
			t.Errorf("%+v is right", l)
		}
	}
	var none Limits
	if none.Check() != nil || none.Wanted() || none.Asked() != nil {
		t.Error("the zero value asks for something")
	}
}

// A size is never below zero, and means the same with and without its unit.
func FuzzParseSize(f *testing.F) {
	f.Add("1.5G")
	f.Add("9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseSize(text)
		if err == nil && n < 0 {
			t.Errorf("%q is %d", text, n)
		}
		if k, kErr := ParseSize(text + "K"); err == nil && kErr == nil && n < 1<<40 && text[len(text)-1] <= '9' && k != n*1024 {
			t.Errorf("%q is %d, with K %d", text, n, k)
		}
		if cpus, err := ParseCPUs(text); err == nil && !(cpus >= MinCPUs && cpus <= maxCPUs) {
			t.Errorf("%q is %v", text, cpus)
		}
		if CheckCPUSet(text) == nil && strings.ContainsAny(text, " \n+:") {
			t.Errorf("%q is a list", text)
		}
	})
}
