package launch

// The arm64 interpreter, on a machine that is none: the tests are compiled for
// arm64 and TestModel is run under QEMU, which also runs the images.

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestArm64UnderEmulation(t *testing.T) {
	const emulator = "qemu-aarch64-static"
	if runtime.GOARCH == "arm64" {
		t.Skip("skip: this is an arm64 machine")
	}
	if testing.Short() {
		t.Skip("skip: -short")
	}
	for _, tool := range []string{emulator, "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("skip: no " + tool)
		}
	}
	for _, pattern := range []string{"*.go", "*.s"} {
		sources, _ := filepath.Glob(pattern)
		for _, name := range sources {
			os.ReadFile(name) // so that the test cache knows that they matter here
		}
	}
	binary := filepath.Join(t.TempDir(), "launch.test")
	build := exec.Command("go", "test", "-c", "-vet=off", "-o", binary, ".")
	build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.Command(emulator, binary, "-test.v", "-test.run", "^(TestModel|TestRetry|TestOwnArgs)$")
	run.Env = append(os.Environ(), "USANDBOX_TEST_EMULATOR="+emulator, "USANDBOX_TEST_PROGRAMS=100")
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
