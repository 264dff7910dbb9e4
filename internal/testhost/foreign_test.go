package testhost

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// On a kernel that runs such programs at all they end with 0.
func TestForeign(t *testing.T) {
	for name, program := range map[string][]byte{"32-bit": Foreign(), "int 0x80": Int80()} {
		if program == nil {
			continue
		}
		file := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(file, program, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := exec.Command(file).Run(); err != nil {
			if _, ran := err.(*exec.ExitError); ran {
				t.Errorf("%s: %v", name, err)
			} else {
				t.Logf("%s: %v", name, err) // this kernel has no such interface
			}
		}
	}
}
