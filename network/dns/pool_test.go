package dns

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestPool(t *testing.T) {
	p := NewPool(0)
	if _, ok := p.Name(netip.MustParseAddr("198.18.1.1")); ok {
		t.Error("an address has a name before one was given")
	}
	for i := range MaxNames {
		name := fmt.Sprintf("n%d.example.org", i)
		v4, v6, ok := p.Addresses(name)
		if !ok {
			t.Fatalf("full after %d", i)
		}
		for _, a := range []netip.Addr{v4, v6, netip.AddrFrom16(v4.As16())} {
			if got, ok := p.Name(a); !ok || got != name || !Own(a) {
				t.Fatalf("%v is %q, not %q", a, got, name)
			}
		}
		if i == 0 && (v4.String() != "198.18.1.1" || v6.String() != "fd53:6e64:6278:1::1") {
			t.Error(v4, v6)
		}
		if i == MaxNames-1 && (v4.String() != "198.19.1.0" || v6.String() != "fd53:6e64:6278:1::1:0") {
			t.Error(v4, v6)
		}
	}
	if _, _, ok := p.Addresses("one.too.many"); ok {
		t.Error("it is never full")
	}
	if v4, _, ok := p.Addresses("n3.example.org"); !ok || v4.String() != "198.18.1.4" {
		t.Error("a name lost its address:", v4)
	}
	if p.Len() != MaxNames {
		t.Error(p.Len())
	}
}

func TestPoolForeign(t *testing.T) {
	p := NewPool(10)
	p.Addresses("a")
	for _, a := range []string{
		"198.18.1.0", "198.18.1.2", "198.18.0.1", "198.17.1.1", "127.0.0.1", "fd53:6e64:6278:2::1", "fd53:6e64:6278::1",
		"fd53:6e64:6278:1:1::1", "fd53:6e64:6279:1::1", "::198.18.1.1", "fd53:6e64:6278:1::1%lo",
	} {
		if name, ok := p.Name(netip.MustParseAddr(a)); ok {
			t.Errorf("%s is %q", a, name)
		}
	}
	if _, ok := p.Name(netip.Addr{}); ok {
		t.Error("no address has a name")
	}
	for _, a := range []string{"198.17.255.255", "198.20.0.0", "fd53:6e64:6279::", "::1"} {
		if Own(netip.MustParseAddr(a)) {
			t.Errorf("%s counts as the sandbox's own", a)
		}
	}
	for _, name := range []string{"", strings.Repeat("a", 254)} {
		if _, _, ok := p.Addresses(name); ok {
			t.Errorf("%q got an address", name)
		}
	}
}

func TestPoolConcurrent(t *testing.T) {
	p := NewPool(1000)
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			<-begin
			for i := range 1000 {
				name := fmt.Sprintf("n%d", i)
				v4, v6, ok := p.Addresses(name)
				back4, _ := p.Name(v4)
				back6, _ := p.Name(v6)
				if !ok || back4 != name || back6 != name {
					t.Errorf("%s: %v %v", name, v4, v6)
					return
				}
			}
		})
	}
	close(begin)
	wg.Wait()
	if p.Len() != 1000 {
		t.Error(p.Len())
	}
}

// Names of any length need little memory, in all.
func TestPoolMemory(t *testing.T) {
	for _, length := range []int{20, 64, maxName} {
		before := heap()
		p := NewPool(0)
		for i := 0; ; i++ {
			name := fmt.Sprintf("%0*d", length, i)
			if _, _, ok := p.Addresses(name); !ok {
				break
			}
		}
		used := heap() - before
		t.Logf("%d names of %d bytes: %d KiB, %d a name", p.Len(), length, used>>10, used/int64(p.Len()))
		if limit := int64(MaxNames * 200); used > limit {
			t.Errorf("%d bytes, want at most %d", used, limit)
		}
		runtime.KeepAlive(p)
	}
}

// heap is what is in use, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
