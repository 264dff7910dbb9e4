package caps

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const lastCapPath = "/proc/sys/kernel/cap_last_cap"

// lastCached is the answer of [Last] plus one; zero while there is none. A failure
// is not kept: unlike the answer, its cause can pass.
var lastCached atomic.Int64

// Last returns the highest capability the running kernel knows. It reads
// /proc/sys/kernel/cap_last_cap and has prctl(2) PR_CAPBSET_READ confirm the
// number; without /proc, or with a number not confirmed, it asks prctl for one
// capability after another. So a file mounted over the one in /proc cannot hide
// a capability. It fails, wrapping the errno, when prctl is refused, as by a
// seccomp filter.
//
// PR_CAPBSET_READ is from Linux 2.6.25, cap_last_cap from Linux 3.2.
func Last() (Cap, error) {
	if n := lastCached.Load(); n > 0 {
		return Cap(n - 1), nil
	}
	last, err := findLast(readLastCap, kernelHas)
	if err != nil {
		return 0, fmt.Errorf("find the last capability: %w", err)
	}
	lastCached.Store(int64(last) + 1)
	return last, nil
}

// findLast is Last over its two sources: read has a number that may be wrong or
// missing, has is right about a single capability or fails.
func findLast(read func() (Cap, error), has func(Cap) (bool, error)) (Cap, error) {
	if c, err := read(); err == nil {
		known, err := has(c)
		if err != nil {
			return 0, err
		}
		more, err := has(c + 1)
		if err != nil {
			return 0, err
		}
		if known && !more {
			return c, nil
		}
	}
	for c := Cap(0); c <= maxCap; c++ {
		known, err := has(c)
		if err != nil {
			return 0, err
		}
		if known {
			continue
		}
		if c == 0 {
			return 0, errors.New("prctl PR_CAPBSET_READ: the kernel knows no capability")
		}
		return c - 1, nil
	}
	return maxCap, nil
}

// kernelHas asks the kernel whether c is a capability of its own.
func kernelHas(c Cap) (bool, error) {
	err := unix.Prctl(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
	if err == unix.EINVAL {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("prctl PR_CAPBSET_READ %d: %w", int(c), err)
	}
	return true, nil
}

func readLastCap() (Cap, error) {
	f, err := os.Open(lastCapPath)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return parseLastCap(f)
}

// parseLastCap reads one decimal number from 0 to 63, ended by a newline.
func parseLastCap(r io.Reader) (Cap, error) {
	b, err := io.ReadAll(io.LimitReader(r, 16))
	if err != nil {
		return 0, err
	}
	digits, ended := strings.CutSuffix(string(b), "\n")
	n, err := strconv.ParseUint(digits, 10, 8)
	if err != nil || !ended || !Cap(n).inRange() {
		return 0, fmt.Errorf("parse %q: not a capability number", b)
	}
	return Cap(n), nil
}
