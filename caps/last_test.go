package caps

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLastAgreesWithKernel(t *testing.T) {
	last, err := Last()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Last()
	if err != nil || again != last {
		t.Errorf("second Last() = %v, %v, want %v", again, err, last)
	}
	probed, err := findLast(func() (Cap, error) { return 0, os.ErrNotExist }, kernelHas)
	if err != nil || probed != last {
		t.Errorf("without /proc: %v, %v, want %v", probed, err, last)
	}
	b, err := os.ReadFile(lastCapPath)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strconv.Itoa(int(last)), strings.TrimSpace(string(b)); got != want {
		t.Errorf("Last() = %s, %s has %s", got, lastCapPath, want)
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if !all.Has(0) || !all.Has(last) || all.Has(last+1) {
		t.Errorf("All() = %#x with last %d", uint64(all), int(last))
	}
}

func TestFindLast(t *testing.T) {
	upTo := func(last Cap) func(Cap) (bool, error) {
		return func(c Cap) (bool, error) { return c <= last, nil }
	}
	says := func(c Cap) func() (Cap, error) { return func() (Cap, error) { return c, nil } }
	noProc := func() (Cap, error) { return 0, os.ErrNotExist }

	for _, test := range []struct {
		name string
		read func() (Cap, error)
		has  func(Cap) (bool, error)
		want Cap
	}{
		{"agreed", says(40), upTo(40), 40},
		{"no proc", noProc, upTo(37), 37},
		{"proc too low", says(0), upTo(40), 40},
		{"proc one too low", says(39), upTo(40), 40},
		{"proc too high", says(41), upTo(40), 40},
		{"one only", noProc, upTo(0), 0},
		{"all 64", noProc, func(c Cap) (bool, error) { return c <= maxCap, nil }, 63},
		{"all 64 agreed", says(63), upTo(63), 63},
	} {
		got, err := findLast(test.read, test.has)
		if err != nil || got != test.want {
			t.Errorf("%s: got %d, %v, want %d", test.name, int(got), err, int(test.want))
		}
	}

	refused := func(Cap) (bool, error) { return false, unix.EPERM }
	refusedAbove := func(c Cap) (bool, error) {
		if c > 12 {
			return false, unix.EPERM
		}
		return true, nil
	}
	for name, read := range map[string]func() (Cap, error){"no proc": noProc, "proc": says(12)} {
		for _, has := range []func(Cap) (bool, error){refused, refusedAbove} {
			if got, err := findLast(read, has); !errors.Is(err, unix.EPERM) {
				t.Errorf("%s, prctl refused: got %d, %v", name, int(got), err)
			}
		}
	}
	if got, err := findLast(noProc, upTo(-1)); err == nil {
		t.Errorf("no capability: got %d", int(got))
	}
}

func TestParseLastCap(t *testing.T) {
	for _, in := range []string{"0\n", "40\n", "63\n"} {
		got, err := parseLastCap(strings.NewReader(in))
		if err != nil || strconv.Itoa(int(got))+"\n" != in {
			t.Errorf("%q: got %d, %v", in, int(got), err)
		}
	}
	for _, in := range []string{"", "\n", "40", "64\n", "-1\n", "+1\n", "0x28\n", "40 \n", "40\n40\n",
		"18446744073709551616\n", strings.Repeat("0", 20) + "1\n"} {
		if got, err := parseLastCap(strings.NewReader(in)); err == nil {
			t.Errorf("%q: got %d, want an error", in, int(got))
		}
	}
}
