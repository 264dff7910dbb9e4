package limits

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseSize reads a number of bytes: 500M, 2G, 1.5G, 4096. The units K, M, G and T are powers
// of 1024, as the kernel reads them; KiB, MiB, GiB and TiB are the same. It has to be a whole
// number of bytes above zero, or zero.
func ParseSize(text string) (int64, error) {
	number, shift := text, 0
	if cut := strings.TrimSuffix(number, "iB"); cut != number {
		number = cut
		if number == "" || !strings.ContainsAny(number[len(number)-1:], "KMGT") {
			return 0, sizeError(text)
		}
	}
	if number != "" {
		if i := strings.IndexByte("KMGT", number[len(number)-1]); i >= 0 {
			number, shift = number[:len(number)-1], 10*(i+1)
		}
	}
	n, ok := decimal(number)
	bytes := n * float64(int64(1)<<shift)
	if !ok || bytes >= math.MaxInt64 || bytes > 0 && bytes < 1 || shift == 0 && bytes != math.Trunc(bytes) {
		return 0, sizeError(text)
	}
	return int64(bytes), nil
}

func sizeError(text string) error {
	return fmt.Errorf("%q is no size: want a number of bytes, as 500M or 2G", text)
}

// maxCPUs is more processors than Linux can have.
const maxCPUs = 8192

// ParseCPUs reads how many processors' time: 1.5, 0.5, 4.
func ParseCPUs(text string) (float64, error) {
	n, ok := decimal(text)
	if !ok || n < MinCPUs || n > maxCPUs {
		return 0, fmt.Errorf("%q is no number of processors: want one as 2 or 0.5, from %v to %v", text, MinCPUs, maxCPUs)
	}
	return n, nil
}

// decimal reads digits with at most one point between them.
func decimal(text string) (float64, bool) {
	const longest = 24
	whole, part, point := strings.Cut(text, ".")
	if len(text) > longest || !digits(whole) || point && !digits(part) {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// CheckCPUSet says what is wrong with a list of processors, cpuset(7): numbers and ranges,
// separated by commas: 0-3,8.
func CheckCPUSet(text string) error {
	const longest = 4096
	if len(text) > longest {
		return fmt.Errorf("a list of processors has at most %d bytes", longest)
	}
	for item := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(item, "-")
		if !ranged {
			to = from
		}
		first, err1 := processor(from)
		last, err2 := processor(to)
		if err1 != nil || err2 != nil || first > last {
			return fmt.Errorf("%q is no list of processors: want one as 0-3,8", text)
		}
	}
	return nil
}

func processor(text string) (int, error) {
	if !digits(text) || len(text) > 4 {
		return 0, fmt.Errorf("%q is no processor", text)
	}
	n, err := strconv.Atoi(text)
	if err == nil && n >= maxCPUs {
		err = fmt.Errorf("%d is no processor", n)
	}
	return n, err
}
