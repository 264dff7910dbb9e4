package mounts

import (
	"testing"

	"github.com/usandbox/usandbox/launch"
)

func TestPropagation(t *testing.T) {
	for m, want := range map[Propagation][2]string{
		Private:    {`mount(0, "/", 0, MS_REC|MS_PRIVATE, 0)`, ""},
		Slave:      {`mount(0, "/", 0, MS_REC|MS_SLAVE, 0)`, ""},
		Shared:     {`mount(0, "/", 0, MS_REC|MS_PRIVATE, 0)`, `mount(0, "/", 0, MS_REC|MS_SHARED, 0)`},
		Unbindable: {`mount(0, "/", 0, MS_REC|MS_PRIVATE, 0)`, `mount(0, "/", 0, MS_REC|MS_UNBINDABLE, 0)`},
	} {
		p := launch.New(3)
		if _, err := CompileFrom(p, nil, m); err != nil {
			t.Fatal(err)
		}
		if got := p.Steps()[0].String(); got != want[0] {
			t.Errorf("%v: %s", m, got)
		}
		before := len(p.Steps())
		m.Set(p)
		got := ""
		for _, s := range p.Steps()[before:] {
			got += s.String()
		}
		if got != want[1] {
			t.Errorf("%v: %s", m, got)
		}
		if again, err := ParsePropagation(m.String()); err != nil || again != m {
			t.Errorf("%v: %v, %v", m, again, err)
		}
	}
	for _, text := range []string{"", "Private", "rslave", "4"} {
		if m, err := ParsePropagation(text); err == nil {
			t.Errorf("%q: %v", text, m)
		}
	}
}
