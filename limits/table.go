package limits

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxFile bounds what is read of one file of a cgroup; io.stat has a line a device.
const maxFile = 1 << 20

// flatKeyed reads lines of a word and a number, as memory.events and cpu.stat have. What is
// otherwise is passed over.
func flatKeyed(r io.Reader) map[string]int64 {
	table := map[string]int64{}
	lines := bufio.NewScanner(io.LimitReader(r, maxFile))
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseInt(value, 10, 64); ok && err == nil && n >= 0 && key != "" {
			table[key] = n
		}
	}
	return table
}

// ioBytes sums up the rbytes and wbytes of all devices, io.stat.
func ioBytes(r io.Reader) (read, written int64) {
	lines := bufio.NewScanner(io.LimitReader(r, maxFile))
	for lines.Scan() {
		for _, field := range strings.Fields(lines.Text()) {
			key, value, _ := strings.Cut(field, "=")
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				continue
			}
			switch key {
			case "rbytes":
				read = add(read, n)
			case "wbytes":
				written = add(written, n)
			}
		}
	}
	return read, written
}

// add is the sum, or the largest number if that is too much.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// pressure reads the totals of a file of pressure stall information. False: it has none.
func pressure(r io.Reader) (p Pressure, ok bool) {
	lines := bufio.NewScanner(io.LimitReader(r, maxFile))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		for _, field := range fields {
			value, found := strings.CutPrefix(field, "total=")
			n, err := strconv.ParseInt(value, 10, 64)
			if !found || err != nil || n < 0 {
				continue
			}
			switch fields[0] {
			case "some":
				p.Some, ok = microseconds(n), true
			case "full":
				p.Full, ok = microseconds(n), true
			}
		}
	}
	return p, ok
}

func microseconds(n int64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond
}
