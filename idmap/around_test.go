package idmap

import "testing"

func TestAround(t *testing.T) {
	for _, c := range []struct {
		r               Range
		inside, outside uint32
		want            string
	}{
		{Range{0, 100000, 65536}, 0, 1000, "1:100000:65535"},
		{Range{0, 100000, 65536}, 1000, 1000, "0:100000:1000,1001:101000:64535"},
		{Range{0, 100000, 65536}, 65535, 1000, "0:100000:65535"},
		{Range{0, 100000, 65536}, 70000, 1000, "0:100000:65536"},
		{Range{0, 0, 10}, 2, 5, "0:0:2,3:2:3,6:6:4"},
		{Range{0, 0, 10}, 5, 2, "0:0:2,2:3:3,6:6:4"},
		{Range{0, 0, 10}, 3, 3, "0:0:3,4:4:6"},
		{Range{0, 0, 1}, 0, 7, ""},
		{Range{0, 7, 1}, 3, 7, ""},
		{Range{0, 0, 4294967295}, 0, 4294967294, "1:0:4294967294"},
	} {
		got := c.r.Around(c.inside, c.outside)
		if got.String() != c.want {
			t.Errorf("%v around %d:%d: %v, want %s", c.r, c.inside, c.outside, got, c.want)
		}
		if all := append(One(c.inside, c.outside), got...); all.Validate() != nil {
			t.Error(all.Validate())
		}
	}
}
