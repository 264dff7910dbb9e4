package testhost

import "testing"

func TestNewer(t *testing.T) {
	for _, c := range []struct {
		release string
		want    bool
	}{
		{"6.9.0", true}, {"6.9.0-rc1-custom", true}, {"6.10.3", true}, {"7.0", true},
		{"6.8.12", false}, {"5.14.0", false}, {"", false}, {"odd", false},
	} {
		if got := newer(c.release, 6, 9); got != c.want {
			t.Errorf("%q: %v", c.release, got)
		}
	}
}

// spy is a test that only notes how it ended.
type spy struct {
	testing.TB
	failed, skipped bool
}

func (*spy) Helper()                 {}
func (s *spy) Fatalf(string, ...any) { s.failed = true }
func (s *spy) Skipf(string, ...any)  { s.skipped = true }

func TestNeed(t *testing.T) {
	for _, c := range []struct {
		has             bool
		major           int
		failed, skipped bool
	}{
		{true, 1, false, false},
		{true, 1000, false, false},
		{false, 1, true, false},
		{false, 1000, false, true},
	} {
		s := &spy{TB: t}
		Need(s, c.has, "thing", c.major, 0)
		if s.failed != c.failed || s.skipped != c.skipped {
			t.Errorf("%+v: %v, %v", c, s.failed, s.skipped)
		}
	}
}
