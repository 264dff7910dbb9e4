package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Version is that of the schema. A later one with the same number may have more fields; none
// is taken away, and none changes its meaning.
const Version = 1

// NotStarted is the ending of a command that was never executed. The others are those of
// sandbox.Ending.
const NotStarted = "not-started"

// Report is what happened in one sandbox. Times are seconds, sizes are bytes. A nil pointer is
// what is not known, and absent in the JSON.
type Report struct {
	Version int `json:"version"`

	Name string `json:"name,omitempty"` // of the sandbox, if it has one

	// Command are the arguments. CommandBytes are the same, of which JSON writes base64, if
	// they are not all valid UTF-8: then Command has U+FFFD for what is not.
	Command      []string `json:"command"`
	CommandBytes [][]byte `json:"command_bytes,omitempty"`

	Ending   string   `json:"ending"`
	ExitCode int      `json:"exit_code"`         // of usandbox, so the command's, if it has one
	Signal   string   `json:"signal,omitempty"`  // that ended the command, as SIGKILL
	Failure  *Failure `json:"failure,omitempty"` // why it did not start

	Started time.Time `json:"started"` // of the supervisor's clock, UTC
	Ended   time.Time `json:"ended"`
	Wall    Seconds   `json:"wall_seconds"` // of the monotonic clock, from the start of the set-up
	User    *Seconds  `json:"user_seconds,omitempty"`
	System  *Seconds  `json:"system_seconds,omitempty"`

	// Partial: the sandbox was killed before it could tell what its processes used. There is only
	// what a cgroup tells.
	Partial bool `json:"partial,omitempty"`

	Memory    *Memory    `json:"memory,omitempty"`
	Faults    *Faults    `json:"page_faults,omitempty"`
	Switches  *Switches  `json:"context_switches,omitempty"`
	IO        *IO        `json:"io,omitempty"`
	Processes *Processes `json:"processes,omitempty"`
	CPU       *CPU       `json:"cpu,omitempty"`
	Pressure  *Pressures `json:"pressure,omitempty"`

	Network     *Network     `json:"network,omitempty"`
	SystemCalls *SystemCalls `json:"system_calls,omitempty"` // absent: they were not watched

	LimitsHit   []Hit       `json:"limits_hit"`
	NotEnforced []Exception `json:"not_enforced"`

	Namespaces map[string]uint64 `json:"namespaces,omitempty"` // inode numbers, by their names in /proc/PID/ns
	PlanSHA256 string            `json:"plan_sha256,omitempty"`
}

// Failure is why a command did not start.
type Failure struct {
	Step  string `json:"step,omitempty"` // what was being done
	Asked string `json:"asked_by,omitempty"`
	Error string `json:"error"`
}

// Memory is of the whole sandbox where it had a cgroup, and of its largest process.
type Memory struct {
	Peak        *int64 `json:"peak_bytes,omitempty"`         // memory.peak of the cgroup
	ProcessPeak *int64 `json:"process_peak_bytes,omitempty"` // largest resident set of one process
	OOMKills    *int64 `json:"oom_kills,omitempty"`
}

// Faults are page faults, getrusage(2).
type Faults struct {
	Minor int64 `json:"minor"`
	Major int64 `json:"major"` // that had to wait for a device
}

// Switches are context switches, getrusage(2).
type Switches struct {
	Voluntary   int64 `json:"voluntary"`
	Involuntary int64 `json:"involuntary"`
}

// IO is what was read and written: by system calls, from and to pipes and sockets too; by
// devices, of which the page cache saves some, proc_pid_io(5); and as the cgroup counts devices.
type IO struct {
	Read          *int64 `json:"read_bytes,omitempty"`
	Written       *int64 `json:"written_bytes,omitempty"`
	StorageRead   *int64 `json:"storage_read_bytes,omitempty"`
	StorageWrite  *int64 `json:"storage_written_bytes,omitempty"`
	CgroupRead    *int64 `json:"cgroup_read_bytes,omitempty"`
	CgroupWritten *int64 `json:"cgroup_written_bytes,omitempty"`
}

// Processes are how many there were.
type Processes struct {
	Peak *int64 `json:"peak,omitempty"`            // with threads: pids.peak of the cgroup
	Left *int64 `json:"left_and_killed,omitempty"` // when the command had ended
}

// CPU is cpu.stat of the cgroup, which has what was never waited for too.
type CPU struct {
	Usage     *Seconds `json:"usage_seconds,omitempty"`
	User      *Seconds `json:"user_seconds,omitempty"`
	System    *Seconds `json:"system_seconds,omitempty"`
	Throttled *Seconds `json:"throttled_seconds,omitempty"`
	Throttles *int64   `json:"throttled_periods,omitempty"`
}

// Pressures are how long work was held up for want of a resource, as the cgroup tells.
type Pressures struct {
	CPU    *Pressure `json:"cpu,omitempty"`
	Memory *Pressure `json:"memory,omitempty"`
	IO     *Pressure `json:"io,omitempty"`
}

// Pressure is that of one resource.
type Pressure struct {
	Some Seconds `json:"some_seconds"` // at least one task waited
	Full Seconds `json:"full_seconds"` // all that could have run did
}

// Network is what the supervisor relayed; of a network that it does not relay only Mode is known.
type Network struct {
	Mode    string    `json:"mode"`
	Allowed *uint64   `json:"allowed,omitempty"` // connections and flows that reached their server
	Failed  *uint64   `json:"failed,omitempty"`  // that were allowed, and could not be made
	Denied  *uint64   `json:"denied,omitempty"`
	Out     *uint64   `json:"out_bytes,omitempty"` // from the sandbox
	In      *uint64   `json:"in_bytes,omitempty"`
	Refused []Refused `json:"refused,omitempty"`
	More    uint64    `json:"more_refused,omitempty"` // refusals of names that are not listed
}

// Refused is a name or an address that was refused.
type Refused struct {
	Name     string   `json:"name"`
	Protocol string   `json:"protocol,omitempty"`
	Ports    []uint16 `json:"ports,omitempty"`
	Count    uint64   `json:"count"`
	Programs []string `json:"programs,omitempty"` // what they call themselves
	Reason   string   `json:"reason,omitempty"`
}

// SystemCalls are those that the filter refused with an error.
type SystemCalls struct {
	Refused []Call `json:"refused"`
	More    uint64 `json:"more_refused,omitempty"` // of kinds that are not listed
}

// Call is one kind of them.
type Call struct {
	Call    string `json:"call"`
	Errno   string `json:"errno"`
	Program string `json:"program,omitempty"` // what the first that made it calls itself
	Count   uint64 `json:"count"`
}

// Hit is a limit that the command has met.
type Hit struct {
	Limit string `json:"limit"`
	Times *int64 `json:"times,omitempty"`
}

// Exception is what was asked for and does not hold, or not wholly.
type Exception struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Seconds is a duration that JSON writes in seconds, exact to the nanosecond.
type Seconds time.Duration

// MarshalJSON writes 90.000000001 for a minute and a half and a nanosecond.
func (s Seconds) MarshalJSON() ([]byte, error) { return []byte(s.String()), nil }

// JSON is the report as docs/report.schema.json describes it, with a newline at the end.
func (r *Report) JSON() ([]byte, error) {
	whole := *r
	if whole.Command == nil {
		whole.Command = []string{}
	}
	if whole.LimitsHit == nil {
		whole.LimitsHit = []Hit{}
	}
	if whole.NotEnforced == nil {
		whole.NotEnforced = []Exception{}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err := enc.Encode(&whole)
	return plainly(text.Bytes()), err
}

// plainly escapes what is not printable. All of it is in strings, where it may be escaped.
func plainly(text []byte) []byte {
	var b []byte
	for _, r := range string(text) {
		switch {
		case r == '\n' || strconv.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		}
	}
	return b
}
