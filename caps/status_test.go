package caps

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func printStatus(s Sets) string {
	return fmt.Sprintf("CapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\nCapBnd:\t%016x\nCapAmb:\t%016x\n",
		uint64(s.Inheritable), uint64(s.Permitted), uint64(s.Effective), uint64(s.Bounding), uint64(s.Ambient))
}

// From a Linux 6.x kernel, with the sets changed to five different ones.
const captured = "Name:\tcat\nUmask:\t0022\nState:\tR (running)\nTgid:\t4242\nNgid:\t0\nPid:\t4242\n" +
	"PPid:\t4200\nTracerPid:\t0\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\n" +
	"FDSize:\t64\nGroups:\t24 27 1000 \nNStgid:\t4242\nVmPeak:\t    3464 kB\nThreads:\t1\n" +
	"SigQ:\t0/31446\nSigCgt:\t0000000000000000\n" +
	"CapInh:\t0000000000000002\nCapPrm:\t000001fffeffffff\nCapEff:\t0000000000003000\n" +
	"CapBnd:\t000001ffffffffff\nCapAmb:\t0000010000000000\n" +
	"NoNewPrivs:\t0\nSeccomp:\t0\nCpus_allowed_list:\t0-3\nnonvoluntary_ctxt_switches:\t0\n"

var capturedSets = Sets{
	Inheritable: 0x2,
	Permitted:   0x1fffeffffff,
	Effective:   0x3000,
	Bounding:    0x1ffffffffff,
	Ambient:     1 << 40,
}

func TestParseStatus(t *testing.T) {
	full := Sets{1, 1 << 63, 0xffffffffffffffff, 4, 5}
	groups := "Groups:\t" + strings.Repeat("4294967294 ", 65536) + "\n"
	for name, test := range map[string]struct {
		in   string
		want Sets
	}{
		"captured":    {captured, capturedSets},
		"most groups": {groups + captured, capturedSets},
		"all bits":    {printStatus(full), full},
		"empty":       {printStatus(Sets{}), Sets{}},
		"hostile name": {
			"Name:\tCapEff:\\nCapEff:\tff\n" + captured, capturedSets},
		"a later set": {"CapNew:\t0000000000000001\n" + captured, capturedSets},
	} {
		got, err := ParseStatus(iotest.OneByteReader(strings.NewReader(test.in)))
		if err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, test.want)
		}
	}
}

func TestParseStatusRejects(t *testing.T) {
	good := printStatus(capturedSets)
	edit := func(old, with string) string {
		out := strings.Replace(good, old, with, 1)
		if out == good {
			t.Fatalf("%q is not in the status", old)
		}
		return out
	}
	for name, in := range map[string]string{
		"nothing":        "",
		"no inheritable": edit("CapInh", "XapInh"),
		"no permitted":   edit("CapPrm", "XapPrm"),
		"no effective":   edit("CapEff", "XapEff"),
		"no bounding":    edit("CapBnd", "XapBnd"),
		"no ambient":     edit("CapAmb", "XapAmb"),
		"key in capital": edit("CapEff", "CAPEFF"),
		"twice":          good + "CapEff:\t0000000000003000\n",
		"cut short":      good[:len(good)-3],
		"no newline":     strings.TrimSuffix(good, "\n"),
		"15 digits":      edit("0000000000003000", "000000000003000"),
		"17 digits":      edit("0000000000003000", "00000000000003000"),
		"no digits":      edit("0000000000003000", ""),
		"not hex":        edit("0000000000003000", "000000000000300g"),
		"sign":           edit("0000000000003000", "+000000000003000"),
		"0x":             edit("0000000000003000", "0x00000000003000"),
		"underscore":     edit("0000000000003000", "0_00000000003000"),
		"capitals":       edit("000001fffeffffff", "000001FFFEFFFFFF"),
		"space for tab":  edit("CapEff:\t", "CapEff: "),
		"no tab":         edit("CapEff:\t", "CapEff:"),
		"no colon":       edit("CapEff:\t", "CapEff\t"),
		"trailing space": edit("3000\n", "3000 \n"),
		"CRLF":           edit("3000\n", "3000\r\n"),
		"too long":       good + strings.Repeat("x", maxStatus-len(good)+1),
	} {
		if got, err := ParseStatus(strings.NewReader(in)); err == nil || got != (Sets{}) {
			t.Errorf("%s: got %+v, %v, want an error and no sets", name, got, err)
		}
	}
	_, err := ParseStatus(strings.NewReader(edit("3000\n", strings.Repeat("0", maxStatus/2)+"\n")))
	if err == nil || len(err.Error()) > 128 {
		t.Errorf("long line: error text is not short: %.200v", err)
	}
	if got, err := ParseStatus(strings.NewReader(good + strings.Repeat("x", maxStatus-len(good)))); err != nil {
		t.Errorf("as long as may be: got %+v, %v", got, err)
	}
	if got, err := ParseStatus(io.MultiReader(strings.NewReader(good), iotest.ErrReader(io.ErrClosedPipe))); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("failing reader: got %+v, %v", got, err)
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add(captured)
	f.Add(printStatus(capturedSets))
	f.Add("CapEff:\t0\n")
	f.Fuzz(func(t *testing.T, in string) {
		sets, err := ParseStatus(strings.NewReader(in))
		if err != nil {
			if sets != (Sets{}) {
				t.Fatalf("sets %+v with error %v", sets, err)
			}
			if len(err.Error()) > 512 {
				t.Fatalf("error text of %d bytes", len(err.Error()))
			}
			return
		}
		out := printStatus(sets)
		for line := range strings.Lines(out) {
			if !strings.Contains(in, line) {
				t.Fatalf("%q is not in the input", line)
			}
		}
		if again, err := ParseStatus(strings.NewReader(out)); err != nil || again != sets {
			t.Fatalf("read back as %+v, %v, want %+v", again, err, sets)
		}
	})
}
