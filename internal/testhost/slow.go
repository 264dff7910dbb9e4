package testhost

import (
	"os"
	"strconv"
	"time"
)

// SlowVariable says how many times slower than others this machine is, as one that is
// emulated is.
const SlowVariable = "USANDBOX_TEST_SLOW"

// Patient is a time that is long on this machine, of one that is long on others.
func Patient(d time.Duration) time.Duration {
	if n, err := strconv.Atoi(os.Getenv(SlowVariable)); err == nil && n > 1 {
		return d * time.Duration(n)
	}
	return d
}
