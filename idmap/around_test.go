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

// The ids of a range that have a place beside the one apart keep their order, and no
// more are lost than have to be.
func FuzzAround(f *testing.F) {
	f.Add(uint32(0), uint32(100000), uint32(65536), uint32(1000), uint32(1000))
	f.Add(uint32(5), uint32(5), uint32(1), uint32(5), uint32(6))
	f.Add(uint32(0), uint32(0), uint32(4294967295), uint32(7), uint32(4294967294))
	f.Fuzz(func(t *testing.T, inside, outside, count, ownInside, ownOutside uint32) {
		r := Range{inside, outside, count}
		if (Map{r}).Validate() != nil || One(ownInside, ownOutside).Validate() != nil {
			return
		}
		m := r.Around(ownInside, ownOutside)
		if err := append(One(ownInside, ownOutside), m...).Validate(); err != nil {
			t.Fatal(err)
		}
		left := uint64(0)
		for i, x := range m {
			left += uint64(x.Count)
			if x.Inside < inside || x.Outside < outside || i > 0 && (x.Inside < m[i-1].Inside || x.Outside < m[i-1].Outside) {
				t.Errorf("%v: %v", r, m)
			}
		}
		lost := uint64(0)
		if _, in := (Map{r}).ToOutside(ownInside); in {
			lost = 1
		}
		if _, out := (Map{r}).ToInside(ownOutside); out {
			lost = 1
		}
		if left+lost != uint64(count) {
			t.Errorf("%v around %d:%d: %d ids of %d, %v", r, ownInside, ownOutside, left, count, m)
		}
	})
}
