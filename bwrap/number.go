package bwrap

import (
	"math"
	"strconv"
	"strings"
)

// maxTmpfs bounds --size, in bytes: half of what an address can be.
const maxTmpfs = math.MaxInt64

// number reads a decimal number as strtol(3) does, and stores it in an int, of which bits
// beyond 32 are lost; bubblewrap takes "+3" and " 3".
func number(text string) (n int, ok bool) {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	if digits := strings.TrimLeft(text, "+-"); len(text)-len(digits) > 1 || digits == "" {
		return 0, false
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil && (v == 0 || !isRange(err)) {
		return 0, false
	}
	return int(int32(v)), int32(v) >= 0
}

func isRange(err error) bool { return strings.HasSuffix(err.Error(), strconv.ErrRange.Error()) }

// octal reads mode bits, at most 07777.
func octal(text string) (mode int, ok bool) {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	v, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 8, 64)
	return int(v), err == nil && v <= 0o7777
}

// size reads a number of bytes: decimal, octal with 0, hexadecimal with 0x.
func size(text string) (n uint64, ok bool) {
	if text == "" || text[0] < '0' || text[0] > '9' || strings.ContainsAny(text, "_oObB") && !strings.HasPrefix(strings.ToLower(text), "0x") {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.ReplaceAll(text, "_", "?"), 0, 64)
	return n, err == nil && n != 0
}
