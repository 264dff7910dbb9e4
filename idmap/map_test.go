package idmap

import (
	"slices"
	"strings"
	"testing"
)

// auto is the map of most rootless containers.
var auto = Map{{0, 1000, 1}, {1, 100000, 65536}}

func TestMapPrints(t *testing.T) {
	if got, want := auto.String(), "0:1000:1,1:100000:65536"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	if got, want := auto.Text(), "0 1000 1\n1 100000 65536\n"; got != want {
		t.Errorf("Text() = %q, want %q", got, want)
	}
	var back Map
	for spec := range strings.SplitSeq(auto.String(), ",") {
		r, err := ParseRange(spec)
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, r)
	}
	if !slices.Equal(back, auto) {
		t.Errorf("printed and parsed: %v", back)
	}
	if got := (Map{}).String() + Map(nil).Text(); got != "" {
		t.Errorf("an empty map prints as %q", got)
	}
}

// lines is a map of n ranges of one id each, with a gap between them.
func lines(n int, from uint32) Map {
	var m Map
	for i := range uint32(n) {
		m = append(m, Range{from + 2*i, from + 2*i, 1})
	}
	return m
}

func TestValidate(t *testing.T) {
	for _, m := range []Map{
		auto,
		One(0, 0),
		{{0, 0, 4294967295}},
		{{5, 5, 5}, {0, 0, 5}, {10, 10, 1}}, // touching, not in order
		{{0, 10, 5}, {10, 0, 5}},            // inside of one is outside of another
		{{4294967294, 0, 1}, {0, 4294967294, 1}},
		lines(340, 0), // 3,000 bytes
	} {
		if err := m.Validate(); err != nil {
			t.Errorf("%v: %v", m, err)
		}
	}
	for _, c := range []struct {
		m    Map
		says []string
	}{
		{nil, []string{"empty"}},
		{Map{}, []string{"empty"}},
		{Map{{}}, []string{"0:0:0", "count is 0"}},
		{Map{{0, 1000, 1}, {1, 100000, 0}}, []string{"1:100000:0", "count is 0"}},
		{Map{{4294967295, 0, 2}}, []string{"4294967295:0:2", "inside"}},
		{Map{{0, 4294967295, 2}}, []string{"0:4294967295:2", "outside"}},
		{Map{{0, 1, 4294967295}}, []string{"outside"}},
		{Map{{0, 1000, 2}, {1, 100000, 9}}, []string{"0:1000:2", "1:100000:9", "overlap inside"}},
		{Map{{0, 1000, 2}, {7, 7, 1}, {2, 1001, 9}}, []string{"0:1000:2", "2:1001:9", "overlap outside"}},
		{Map{{0, 1000, 9}, {9, 1004, 1}}, []string{"overlap outside"}}, // one within another
		{Map{{0, 1004, 1}, {9, 1000, 9}}, []string{"overlap outside"}},
		{Map{{5, 0, 1}, {0, 10, 4294967295 - 10}}, []string{"overlap inside"}},
		{Map{{0, 4294967290, 5}, {5, 4294967294, 1}}, []string{"overlap outside"}}, // the last id twice
		{lines(341, 0), []string{"341 ranges", "340"}},
		{lines(340, 1000000000), []string{"bytes", "4095"}},
	} {
		wantError(t, c.m.Validate(), append(c.says, "id map: ")...)
	}
}

func TestTranslate(t *testing.T) {
	for _, c := range []struct {
		m               Map
		inside, outside uint32
	}{
		{auto, 0, 1000},
		{auto, 1, 100000},
		{auto, 65536, 165535},
		{Map{{0, 0, 4294967295}}, 4294967294, 4294967294},
		{Map{{4294967290, 0, 5}}, 4294967294, 4},
	} {
		if got, ok := c.m.ToOutside(c.inside); !ok || got != c.outside {
			t.Errorf("%v: ToOutside(%d) = %d, %v, want %d", c.m, c.inside, got, ok, c.outside)
		}
		if got, ok := c.m.ToInside(c.outside); !ok || got != c.inside {
			t.Errorf("%v: ToInside(%d) = %d, %v, want %d", c.m, c.outside, got, ok, c.inside)
		}
	}
	for _, id := range []uint32{65537, 100000, 4294967295} {
		if got, ok := auto.ToOutside(id); ok {
			t.Errorf("ToOutside(%d) = %d", id, got)
		}
	}
	for _, id := range []uint32{0, 999, 1001, 99999, 165536, 4294967295} {
		if got, ok := auto.ToInside(id); ok {
			t.Errorf("ToInside(%d) = %d", id, got)
		}
	}
	// Maps that are not valid lead nowhere, least of all to id 0.
	wraps := Map{{0, 4294967294, 3}}
	for inside := uint32(1); inside < 3; inside++ {
		if got, ok := wraps.ToOutside(inside); ok {
			t.Errorf("%v: ToOutside(%d) = %d", wraps, inside, got)
		}
	}
	if got, ok := Map(nil).ToInside(0); ok {
		t.Errorf("empty map: ToInside(0) = %d", got)
	}
}
