package launch

// The interpreter against the model of model_test.go: random programs, the same
// memory, exit code, failed step and errno. This is the test of the assembly;
// emulation_test.go runs it for arm64.

import (
	"errors"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// modelFDs is the number of fds that a random program counts as the command's:
// the last is the pipe for the results, the others are closed at the start.
const modelFDs = 200

// USANDBOX_TEST_PROGRAMS is the number of random programs; 400 if unset.
func TestModel(t *testing.T) {
	programs := 400
	if n, err := strconv.Atoi(os.Getenv("USANDBOX_TEST_PROGRAMS")); err == nil {
		programs = n
	}
	seed := int64(os.Getpid()) << 20
	t.Logf("seeds %d to %d", seed, seed+int64(programs)-1)
	failed, skipped := 0, 0
	for i := range programs {
		want, ok := compareWithModel(t, seed+int64(i))
		if !ok {
			skipped++
		} else if want.failed >= 0 {
			failed++
		}
	}
	t.Logf("%d programs: %d failed in a step, %d left out", programs, failed, skipped)
	if failed < programs/10 || failed > programs*8/10 || skipped > programs/10 {
		t.Error("the random programs are too much of one kind")
	}
}

func FuzzModel(f *testing.F) {
	f.Add(int64(1))
	f.Fuzz(func(t *testing.T, seed int64) { compareWithModel(t, seed) })
}

func compareWithModel(t *testing.T, seed int64) (want outcome, ok bool) {
	t.Helper()
	p := randomProgram(rand.New(rand.NewSource(seed)))
	img, err := p.Image()
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	got, pid := runBare(t, img)
	m := newModel(p, pid, modelFDs-1)
	want = m.run(p)
	if m.touched {
		return want, false
	}
	if got != want {
		for i, s := range p.Steps() {
			t.Logf("%3d %v", i, s)
		}
		t.Fatalf("seed %d:\nimage %s\nmodel %s", seed, got, want)
	}
	return want, true
}

// runBare runs an image of modelFDs fds that executes no command. If
// USANDBOX_TEST_EMULATOR names a program, that runs the image, from a file.
func runBare(t *testing.T, img *Image) (got outcome, pid int) {
	t.Helper()
	out, status := pipe(t), pipe(t)
	files := make([]*os.File, modelFDs+1)
	files[modelFDs-1], files[modelFDs] = out[1], status[1]

	start := img.exec
	if emulator := os.Getenv("USANDBOX_TEST_EMULATOR"); emulator != "" {
		start = func(files []*os.File) (*os.Process, error) {
			path, err := exec.LookPath(emulator)
			if err != nil {
				return nil, err
			}
			name := filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(name, img.Bytes(), 0o700); err != nil {
				return nil, err
			}
			return os.StartProcess(path, []string{emulator, name}, &os.ProcAttr{Files: files, Env: []string{}})
		}
	}
	process, err := start(files)
	if err != nil {
		t.Fatal(err)
	}
	out[1].Close()
	status[1].Close()
	got.failed = -1
	var step *StepError
	if err := img.readStatus(int(status[0].Fd())); errors.As(err, &step) {
		got.failed, got.errno = step.Step, step.Errno
	} else if err != nil {
		got.out = err.Error() // the program wrote there itself, or there is a bug
	}
	text, _ := io.ReadAll(out[0])
	if got.failed < 0 && got.out == "" {
		got.out = string(text)
	}
	ended, err := process.Wait()
	if err != nil {
		t.Fatal(err)
	}
	got.code = ended.ExitCode()
	out[0].Close()
	status[0].Close()
	return got, process.Pid
}

func pipe(t *testing.T) [2]*os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return [2]*os.File{r, w}
}

// No error is retried, and tolerated, more often than it should be: a counter
// that outlives the call is not needed, it is enough that the program ends.
func TestRetryEnds(t *testing.T) {
	p := New(modelFDs)
	fds, buf := p.Var("fds"), p.Var("buf")
	p.Call(unix.SYS_PIPE2, fds.Addr(), unix.O_NONBLOCK)
	p.Call(unix.SYS_READ, 0, buf.Addr(), 8).Retry().On(unix.EAGAIN, nil)
	p.Call(unix.SYS_READ, 0, buf.Addr(), 8).Retry()
	p.Call(unix.SYS_EXIT_GROUP, 0)
	img, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := runBare(t, img); got.failed != 2 || got.errno != unix.EAGAIN {
		t.Errorf("%+v", got)
	}
}
