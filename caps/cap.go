package caps

import (
	"strconv"

	"github.com/syndtr/gocapability/capability"
)

const (
	prefix = "cap_"

	// maxCap is the highest number the kernel's 64-bit masks can carry.
	maxCap Cap = 63
)

// Cap is the number of one capability, such as 12 for CAP_NET_ADMIN. The
// constants of golang.org/x/sys/unix (unix.CAP_NET_ADMIN) convert to it.
// See capabilities(7).
type Cap int

// String returns the name in lower case, such as "cap_net_admin", or "cap_42"
// for a number that has no name here. It does not ask whether the running kernel
// has the capability.
func (c Cap) String() string {
	if name, ok := c.bareName(); ok {
		return prefix + name
	}
	return prefix + strconv.Itoa(int(c))
}

// bareName returns the name without its prefix, and whether there is one.
func (c Cap) bareName() (string, bool) {
	// A number the library has no name for is "unknown", which is no capability's
	// name. Its CAP_LAST_CAP plays no part in this.
	name := capability.Cap(c).String()
	return name, name != "unknown"
}

func (c Cap) inRange() bool { return c >= 0 && c <= maxCap }
