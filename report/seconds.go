package report

import (
	"fmt"
	"strings"
	"time"
)

// String is the number of seconds, with as many digits as it has.
func (s Seconds) String() string {
	sign := ""
	n := uint64(s)
	if s < 0 {
		sign, n = "-", -n
	}
	const second = uint64(time.Second)
	text := fmt.Sprintf("%s%d.%09d", sign, n/second, n%second)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// forPeople is the duration with three digits or so: 1.2 ms, 3.45 s, 10 h 2 min.
func (s Seconds) forPeople() string {
	switch d := time.Duration(s); {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}

// bytesForPeople is a size with a unit of 1024.
func bytesForPeople[T int64 | uint64](n T) string {
	x, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	i := 0
	for ; x >= 1000 && i < len(units)-1; i++ {
		x /= 1024
	}
	if i == 0 || x >= 100 {
		return fmt.Sprintf("%.0f %s", x, units[i])
	}
	return fmt.Sprintf("%.1f %s", x, units[i])
}
