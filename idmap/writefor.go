package idmap

import (
	"fmt"
	"os"

	"github.com/usandbox/usandbox/internal/procfs"
)

// WriteFor writes a map of the user namespace of process pid, which has none
// yet. The caller needs CAP_SETUID or CAP_SETGID in the namespace above: it is
// root. Setgroups stays allowed there.
func WriteFor(k Kind, pid int, m Map) error {
	if err := m.Validate(); err != nil {
		return err
	}
	number, err := procfs.Number(pid)
	if err != nil {
		return fmt.Errorf("write the %s map %v: %w", k, m, err)
	}
	file := fmt.Sprintf("/proc/%d/%s", number, k.mapFile())
	if err := os.WriteFile(file, []byte(m.Text()), 0); err != nil {
		return fmt.Errorf("write the %s map %v: %w", k, m, err)
	}
	return nil
}
