package idmap

import (
	"fmt"
	"os"
)

// WriteFor writes a map of the user namespace of process pid, which has none
// yet. The caller needs CAP_SETUID or CAP_SETGID in the namespace above: it is
// root. Setgroups stays allowed there.
func WriteFor(k Kind, pid int, m Map) error {
	if err := m.Validate(); err != nil {
		return err
	}
	file := fmt.Sprintf("/proc/%d/%s", pid, k.mapFile())
	if err := os.WriteFile(file, []byte(m.Text()), 0); err != nil {
		return fmt.Errorf("write the %s map %v: %w", k, m, err)
	}
	return nil
}
