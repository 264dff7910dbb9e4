package attrs

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Rlimit is a resource limit of a process, getrlimit(2). What it forks has the same, each
// process for itself; RLIMIT_NPROC alone is about all processes of a user, since Linux 5.14 all of
// those in a user namespace.
type Rlimit struct {
	Resource   int    // RLIMIT_*
	Soft, Hard uint64 // in the unit of the resource
}

// Unlimited is no limit, RLIM_INFINITY.
const Unlimited = math.MaxUint64

// resources are the names of prlimit(1), and whether they count bytes.
var resources = [...]struct {
	name     string
	resource int
	bytes    bool
}{
	{"as", unix.RLIMIT_AS, true}, {"core", unix.RLIMIT_CORE, true}, {"cpu", unix.RLIMIT_CPU, false},
	{"data", unix.RLIMIT_DATA, true}, {"fsize", unix.RLIMIT_FSIZE, true}, {"locks", unix.RLIMIT_LOCKS, false},
	{"memlock", unix.RLIMIT_MEMLOCK, true}, {"msgqueue", unix.RLIMIT_MSGQUEUE, true}, {"nice", unix.RLIMIT_NICE, false},
	{"nofile", unix.RLIMIT_NOFILE, false}, {"nproc", unix.RLIMIT_NPROC, false}, {"rss", unix.RLIMIT_RSS, true},
	{"rtprio", unix.RLIMIT_RTPRIO, false}, {"rttime", unix.RLIMIT_RTTIME, false},
	{"sigpending", unix.RLIMIT_SIGPENDING, false}, {"stack", unix.RLIMIT_STACK, true},
}

// ParseRlimit reads NAME=SOFT[:HARD]. Without HARD both are SOFT, so that nothing inside can
// raise it. A number is in the unit that getrlimit(2) says: bytes (with K, M, G or T, powers of 1024),
// seconds for cpu, microseconds for rttime; or it is the word unlimited.
func ParseRlimit(text string) (Rlimit, error) {
	name, values, ok := strings.Cut(text, "=")
	if !ok {
		return Rlimit{}, fmt.Errorf("%q: want NAME=SOFT or NAME=SOFT:HARD", text)
	}
	for _, r := range resources {
		if r.name != name {
			continue
		}
		soft, hard, both := strings.Cut(values, ":")
		l := Rlimit{Resource: r.resource}
		var err error
		if l.Soft, err = parseLimit(soft, r.bytes); err == nil && both {
			l.Hard, err = parseLimit(hard, r.bytes)
		} else {
			l.Hard = l.Soft
		}
		if err != nil {
			return Rlimit{}, fmt.Errorf("%s: %w", name, err)
		}
		if l.Soft > l.Hard {
			return Rlimit{}, fmt.Errorf("%s: the soft limit %s is above the hard one, %s", name, soft, hard)
		}
		return l, nil
	}
	return Rlimit{}, fmt.Errorf("%q is not one of %s", name, resourceNames())
}

func parseLimit(text string, bytes bool) (uint64, error) {
	if text == "unlimited" {
		return Unlimited, nil
	}
	number, shift := text, 0
	if n := len(text) - 1; bytes && n > 0 {
		if i := strings.IndexByte("KMGT", text[n]); i >= 0 {
			number, shift = text[:n], 10*(i+1)
		}
	}
	v, err := strconv.ParseUint(number, 10, 64)
	if err != nil || number[0] == '+' || v > math.MaxInt64>>shift {
		what := "a number, or unlimited"
		if bytes {
			what = "a number of bytes, as 500M, or unlimited"
		}
		return 0, fmt.Errorf("%q is no limit: want %s", text, what)
	}
	return v << shift, nil
}

func resourceNames() string {
	var list []string
	for _, r := range resources {
		list = append(list, r.name)
	}
	return strings.Join(list, ", ")
}

// Name is the resource's name as ParseRlimit reads it.
func (l Rlimit) Name() string {
	for _, r := range resources {
		if r.resource == l.Resource {
			return r.name
		}
	}
	return strconv.Itoa(l.Resource)
}

// String is the limit as ParseRlimit reads it.
func (l Rlimit) String() string {
	return l.Name() + "=" + limitText(l.Soft) + ":" + limitText(l.Hard)
}

func limitText(v uint64) string {
	if v == Unlimited {
		return "unlimited"
	}
	return strconv.FormatUint(v, 10)
}

// Check refuses what the kernel would: a resource that there is not, a soft limit above the
// hard one, a hard one above the calling process's own, which nobody can raise in a user namespace.
func (l Rlimit) Check() error {
	var own unix.Rlimit
	if err := unix.Prlimit(0, l.Resource, nil, &own); err != nil {
		return fmt.Errorf("%d is no resource that can be limited", l.Resource)
	}
	switch {
	case l.Soft > l.Hard:
		return fmt.Errorf("%s: the soft limit is above the hard one", l)
	case l.Hard > own.Max:
		return fmt.Errorf("%s: your own hard limit is %s, and it cannot be raised", l, limitText(own.Max))
	}
	return nil
}

// Set appends: the process has this limit, prlimit(2). EPERM: the hard limit is above the
// process's own.
func (l Rlimit) Set(p *launch.Program) *launch.Step {
	p.Doing("set the resource limit " + l.String())
	return p.Call(unix.SYS_PRLIMIT64, 0, l.Resource, launch.Words("limit", l.Soft, l.Hard), 0)
}
