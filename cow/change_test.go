package cow

import "testing"

func TestAfter(t *testing.T) {
	u := Time{100, 500}
	for at, want := range map[Time]bool{
		{99, 999}: false, {100, 499}: false, {100, 500}: false, {100, 501}: true, {101, 0}: true,
		{100, 0}: true, {99, 0}: false, // whole seconds
	} {
		if at.After(u) != want {
			t.Errorf("%v after %v: %v", at, u, !want)
		}
	}
}
