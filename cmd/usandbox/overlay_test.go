package main

import "testing"

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		release string
		want    bool
	}{
		{"6.1.0-56-cloud-amd64", true}, {"5.14.0", true}, {"6.5", true},
		{"6.6.0", false}, {"6.12.118+deb13", false}, {"7.0", false}, {"", false}, {"unknown", false},
	} {
		if got := older(c.release, 6, 6); got != c.want {
			t.Errorf("older(%q, 6, 6) = %v", c.release, got)
		}
	}
}
