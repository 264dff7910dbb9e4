package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/usandbox/usandbox/internal/printable"
)

// lineRoom is how many bytes of the command a summary shows, and of an error.
const lineRoom = 200

// Summary is the report in six lines, each of which begins with "usandbox: ":
//
//	command  make all
//	ended    exit code 2, after 1.24 s; processor time: user 1.90 s, system 412 ms
//	memory   largest process 210 MiB, page faults 51234 (3 from a device)
//	io       read 31.0 MiB, written 4.1 MiB, context switches 812 (40 involuntary), left behind and killed 0
//	refused  network none, system calls: not watched (--why)
//	limits   none reached, all enforced
//
// What is not known is not said.
func (r *Report) Summary() string {
	var b strings.Builder
	for _, line := range [...]struct{ name, text string }{
		{"command", cut(strings.Join(r.Command, " "))},
		{"ended", r.ended()},
		{"memory", r.used()},
		{"io", r.moved()},
		{"refused", r.refused()},
		{"limits", r.limits()},
	} {
		fmt.Fprintf(&b, "usandbox: %-8s %s\n", line.name, printable.Text(line.text))
	}
	return b.String()
}

func (r *Report) ended() string {
	text := ""
	switch {
	case r.Ending == NotStarted:
		text = "it did not start"
		if r.Failure != nil {
			text += ": " + cut(r.Failure.Error)
		}
		return fmt.Sprintf("%s (exit code %d)", text, r.ExitCode)
	case r.Ending == "exit":
		text = fmt.Sprintf("exit code %d", r.ExitCode)
	case r.Ending == "signal":
		text = r.Signal
	default:
		text = r.Ending
		if r.Signal != "" {
			text += ", " + r.Signal
		}
		text += fmt.Sprintf(" (exit code %d)", r.ExitCode)
	}
	text += ", after " + r.Wall.forPeople()
	if r.User != nil && r.System != nil {
		text += fmt.Sprintf("; processor time: user %s, system %s", r.User.forPeople(), r.System.forPeople())
	}
	if r.Partial {
		text += "; killed before it could tell more"
	}
	return text
}

func (r *Report) used() string {
	var parts []string
	if m := r.Memory; m != nil {
		parts = add(parts, m.Peak, bytesForPeople[int64], "at most %s")
		parts = add(parts, m.ProcessPeak, bytesForPeople[int64], "largest process %s")
	}
	if f := r.Faults; f != nil {
		parts = append(parts, fmt.Sprintf("page faults %d (%d from a device)", f.Minor+f.Major, f.Major))
	}
	if p := r.Pressure; p != nil && p.Memory != nil {
		parts = append(parts, "waited for memory "+p.Memory.Some.forPeople())
	}
	return or(parts, "not known")
}

func (r *Report) moved() string {
	var parts []string
	if io := r.IO; io != nil {
		parts = add(parts, io.Read, bytesForPeople[int64], "read %s")
		parts = add(parts, io.Written, bytesForPeople[int64], "written %s")
		parts = add(parts, io.StorageRead, bytesForPeople[int64], "from devices %s")
		parts = add(parts, io.StorageWrite, bytesForPeople[int64], "to devices %s")
	}
	if s := r.Switches; s != nil {
		parts = append(parts, fmt.Sprintf("context switches %d (%d involuntary)", s.Voluntary+s.Involuntary, s.Involuntary))
	}
	if p := r.Processes; p != nil {
		parts = add(parts, p.Peak, plain, "at most %s processes")
		parts = add(parts, p.Left, plain, "left behind and killed %s")
	}
	return or(parts, "not known")
}

func (r *Report) refused() string {
	var parts []string
	switch n := r.Network; {
	case n == nil:
	case n.Out != nil && n.In != nil && n.Denied != nil:
		parts = append(parts, fmt.Sprintf("network %s: %s out, %s in, %d refused", n.Mode, bytesForPeople(*n.Out), bytesForPeople(*n.In), *n.Denied))
	default:
		parts = append(parts, "network "+n.Mode)
	}
	if s := r.SystemCalls; s != nil {
		n := s.More
		for _, c := range s.Refused {
			n += c.Count
		}
		parts = append(parts, fmt.Sprintf("system calls: %d refused", n))
	} else {
		parts = append(parts, "system calls: not watched (--why)")
	}
	return or(parts, "")
}

func (r *Report) limits() string {
	if r.Ending == NotStarted {
		return "nothing ran"
	}
	var parts []string
	for _, h := range r.LimitsHit {
		text := "reached " + h.Limit
		if h.Times != nil {
			text += fmt.Sprintf(" (%d×)", *h.Times)
		}
		parts = append(parts, text)
	}
	for _, e := range r.NotEnforced {
		parts = append(parts, "not enforced: "+e.What)
	}
	return or(parts, "none reached, all enforced")
}

func plain(n int64) string { return fmt.Sprint(n) }

// add appends what is known.
func add(parts []string, n *int64, text func(int64) string, format string) []string {
	if n == nil {
		return parts
	}
	return append(parts, fmt.Sprintf(format, text(*n)))
}

func or(parts []string, otherwise string) string {
	if len(parts) == 0 {
		return otherwise
	}
	return strings.Join(parts, ", ")
}

// cut is the beginning of a long text.
func cut(s string) string {
	if len(s) <= lineRoom {
		return s
	}
	n := lineRoom
	for n > lineRoom-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + " …"
}
