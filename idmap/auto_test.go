package idmap

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAuto(t *testing.T) {
	for _, c := range []struct {
		own  uint32
		sub  []SubRange
		want string
	}{
		{1000, nil, "0:1000:1"},
		{0, nil, "0:0:1"},
		{1000, []SubRange{{100000, 65536}}, "0:1000:1,1:100000:65536"},
		{1000, []SubRange{{200000, 10}, {100000, 5}}, "0:1000:1,1:200000:10,11:100000:5"}, // in the order given
		{1000, []SubRange{{100000, 10}, {100000, 10}, {300000, 1}}, "0:1000:1,1:100000:10,11:300000:1"},
		{1000, []SubRange{{100000, 10}, {100005, 10}}, "0:1000:1,1:100000:10,11:100010:5"},
		{1000, []SubRange{{100005, 10}, {100000, 10}}, "0:1000:1,1:100005:10,11:100000:5"},
		{1000, []SubRange{{100005, 2}, {100000, 10}}, "0:1000:1,1:100005:2,3:100000:5,8:100007:3"},
		{1000, []SubRange{{1000, 1}}, "0:1000:1"}, // the own id is delegated, too
		{1000, []SubRange{{998, 5}}, "0:1000:1,1:998:2,3:1001:2"},
		{1000, []SubRange{{7, 0}, {4294967295, 2}, {1, 4294967295}, {8, 1}}, "0:1000:1,1:8:1"},
		{5, []SubRange{{0, 4294967295}}, "0:5:1,1:0:5,6:6:4294967289"}, // every id there is
		{4294967294, []SubRange{{0, 4294967295}}, "0:4294967294:1,1:0:4294967294"},
		{4294967295, []SubRange{{1, 1}}, ""},
	} {
		got := Auto(c.own, c.sub)
		if got.String() != c.want {
			t.Errorf("Auto(%d, %v) = %v, want %v", c.own, c.sub, got, c.want)
		}
		if c.want == "" {
			continue
		}
		if err := got.Validate(); err != nil {
			t.Errorf("Auto(%d, %v): %v", c.own, c.sub, err)
		}
	}
}

func TestAutoIsWritable(t *testing.T) {
	for _, from := range []uint32{1000, 1000000000} {
		var sub []SubRange
		for i := range uint32(1000) {
			sub = append(sub, SubRange{from + 2*i, 1})
		}
		m := Auto(0, sub)
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
		// All of the room is used.
		if err := append(slices.Clone(m), Range{9999999, from + 1, 1}).Validate(); err == nil {
			t.Errorf("%d ranges, and one more is valid", len(m))
		}
	}
}

// TestAutoModel compares with a plain list of ids.
func TestAutoModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		own := random.Uint32N(30)
		var sub []SubRange
		want := []uint32{own}
		for range random.IntN(6) {
			s := SubRange{random.Uint32N(30), random.Uint32N(10)}
			sub = append(sub, s)
			for id := s.Start; id < s.Start+s.Count; id++ {
				if !slices.Contains(want, id) {
					want = append(want, id)
				}
			}
		}
		m := Auto(own, sub)
		if err := m.CheckDelegated(GID, own, sub); err != nil {
			t.Fatalf("Auto(%d, %v) = %v: %v", own, sub, m, err)
		}
		for inside, id := range want {
			if got, ok := m.ToOutside(uint32(inside)); !ok || got != id {
				t.Fatalf("Auto(%d, %v) = %v: %d is %d, want %d", own, sub, m, inside, got, id)
			}
		}
		if got, ok := m.ToOutside(uint32(len(want))); ok {
			t.Fatalf("Auto(%d, %v) = %v: %d is %d, want none", own, sub, m, len(want), got)
		}
	}
}
