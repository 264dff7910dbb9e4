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
	return runFile(t, img, func(files []*os.File) (int, error) { return img.exec(files, nil) }, []string{argv0}, []string{})
}

// runFile runs an image as runBare does, by start, or if that is nil or there is
// an emulator, from a file with these arguments and this environment.
func runFile(t *testing.T, img *Image, start func([]*os.File) (int, error), argv, env []string) (got outcome, pid int) {
	t.Helper()
	out, status := pipe(t), pipe(t)
	files := make([]*os.File, modelFDs+1)
	files[modelFDs-1], files[modelFDs] = out[1], status[1]

	if emulator := os.Getenv("USANDBOX_TEST_EMULATOR"); emulator != "" || start == nil {
		start = func(files []*os.File) (int, error) {
			name := filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(name, img.Bytes(), 0o700); err != nil {
				return 0, err
			}
			path := name
			if emulator != "" {
				var err error
				if path, err = exec.LookPath(emulator); err != nil {
					return 0, err
				}
				argv = append([]string{emulator, "-0", argv[0], name}, argv[1:]...)
			}
			process, err := os.StartProcess(path, argv, &os.ProcAttr{Files: files, Env: env})
			if err != nil {
				return 0, err
			}
			defer process.Release()
			return process.Pid, nil
		}
	}
	pid, err := start(files)
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
	var ended unix.WaitStatus
	if _, err := unix.Wait4(pid, &ended, 0, nil); err != nil {
		t.Fatal(err)
	}
	got.code = ended.ExitStatus()
	out[0].Close()
	status[0].Close()
	return got, pid
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

// EAGAIN is retried if the step says so, and not for ever.
func TestRetry(t *testing.T) {
	delay := 20_000 // ns: less than a thousand calls take, more than one
	if os.Getenv("USANDBOX_TEST_EMULATOR") != "" {
		delay = 100_000
	}
	p := New(modelFDs)
	timer, buf := p.Var("timer"), p.Var("buf")
	waited := p.Label("waited")
	p.Call(unix.SYS_TIMERFD_CREATE, unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK).To(timer)
	p.Call(unix.SYS_TIMERFD_SETTIME, timer, 0, Words("delay", 0, 0, 0, delay), 0)
	p.Call(unix.SYS_READ, timer, buf.Addr(), 8).On(unix.EAGAIN, waited)
	p.Call(unix.SYS_EXIT_GROUP, 2)
	p.Here(waited)
	p.Call(unix.SYS_READ, timer, buf.Addr(), 8).Retry()
	p.Call(unix.SYS_READ, timer, buf.Addr(), 8).Retry().On(unix.EAGAIN, nil)
	p.Call(unix.SYS_EXIT_GROUP, 0)
	img, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	tried, succeeded := 0, 0
	for range 200 {
		got, _ := runBare(t, img)
		if got.code == 2 {
			continue // the timer was faster than the first call
		}
		if got.failed < 0 {
			succeeded++
		}
		if tried++; tried == 20 {
			break
		}
	}
	if succeeded < 5 { // without retries it is one in a hundred
		t.Errorf("%d of %d have waited for the timer", succeeded, tried)
	}
}
