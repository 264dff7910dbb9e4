package userns

// Numbers of network namespaces, and answers that are none.

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetID(t *testing.T) {
	h, err := OpenOf(0, Network)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if id, assigned, err := h.NetID(); err != nil || assigned != (id >= 0) {
		t.Errorf("%d, %v, %v", id, assigned, err)
	}
	u, err := OpenOf(0, UTS)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if _, _, err := u.NetID(); !errors.Is(err, unix.EINVAL) {
		t.Errorf("of %v: %v", u, err)
	}
	if id, err := netID(u.Fd()); err == nil {
		t.Errorf("of %v: %d", u, id)
	}
}

func FuzzParseNetID(f *testing.F) {
	header := "\x1c\x00\x00\x00\x58\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	f.Add([]byte(header + "\x08\x00\x01\x00\x05\x00\x00\x00"))
	f.Add([]byte(header + "\x08\x00\x02\x00\x05\x00\x00\x00" + "\x08\x00\x01\x00\x05\x00\x00\x00"))
	f.Add([]byte(header + "\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x24\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xea\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		id, err := parseNetID(answer)
		if err != nil && id != 0 {
			t.Errorf("%x: %d, %v", answer, id, err)
		}
	})
	if id, err := parseNetID([]byte(header + "\x08\x00\x02\x00\x06\x00\x00\x00" + "\x08\x00\x01\x00\x05\x00\x00\x00")); id != 5 || err != nil {
		f.Errorf("%d, %v", id, err)
	}
}
