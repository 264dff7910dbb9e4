package report

import (
	"fmt"
	"strings"

	"github.com/usandbox/usandbox/internal/printable"
)

// Metrics is the report as text for OpenMetrics 1.0: gauges, as it is of one command, and
// infos. What is not known has no sample. A sandbox that has a name has it as the label "sandbox",
// so that the files of several can be collected together.
func (r *Report) Metrics() []byte {
	m := &metrics{}
	if r.Name != "" {
		m.common = label("sandbox", r.Name)
	}
	m.info("run", "The command and how it ended.",
		label("command", strings.Join(r.Command, " ")), label("ending", r.Ending), label("signal", r.Signal), label("plan_sha256", r.PlanSHA256))
	m.number("exit_code", "", "Exit code of usandbox: the command's, if it has one.", whole(int64(r.ExitCode)))
	started := Seconds(r.Started.UnixNano())
	m.seconds("start_time", "When it was started, since 1970.", &started)
	m.seconds("wall", "From the start of the set-up to the end of the sandbox.", &r.Wall)
	m.seconds("user", "Processor time in programs, of what was waited for.", r.User)
	m.seconds("system", "Processor time in the kernel, of what was waited for.", r.System)
	if x := r.Memory; x != nil {
		m.bytes("memory_peak", "Most memory of the sandbox at one time.", x.Peak)
		m.bytes("process_memory_peak", "Largest resident set of one process.", x.ProcessPeak)
		m.count("oom_kills", "Processes that the kernel killed for want of memory.", x.OOMKills)
	}
	if x := r.Faults; x != nil {
		m.count("page_faults_minor", "Page faults without waiting for a device.", &x.Minor)
		m.count("page_faults_major", "Page faults that had to wait for a device.", &x.Major)
	}
	if x := r.Switches; x != nil {
		m.count("context_switches_voluntary", "Voluntary context switches.", &x.Voluntary)
		m.count("context_switches_involuntary", "Involuntary context switches.", &x.Involuntary)
	}
	if x := r.IO; x != nil {
		m.bytes("read", "Read by system calls, from pipes and sockets too.", x.Read)
		m.bytes("written", "Written by system calls, to pipes and sockets too.", x.Written)
		m.bytes("storage_read", "Read from devices.", x.StorageRead)
		m.bytes("storage_written", "Written, to reach devices.", x.StorageWrite)
		m.bytes("cgroup_read", "Read from devices, as the cgroup counts.", x.CgroupRead)
		m.bytes("cgroup_written", "Written to devices, as the cgroup counts.", x.CgroupWritten)
	}
	if x := r.Processes; x != nil {
		m.count("processes_peak", "Most processes and threads at one time.", x.Peak)
		m.count("processes_left", "Processes that the command left behind, and that were killed.", x.Left)
	}
	if x := r.CPU; x != nil {
		m.seconds("cgroup_cpu", "Processor time of the cgroup.", x.Usage)
		m.seconds("cgroup_cpu_throttled", "How long the limit of processor time held it up.", x.Throttled)
	}
	if x := r.Pressure; x != nil {
		for _, p := range [...]struct {
			of string
			*Pressure
		}{{"cpu", x.CPU}, {"memory", x.Memory}, {"io", x.IO}} {
			if p.Pressure != nil {
				m.seconds("pressure_"+p.of+"_some", "How long at least one task waited.", &p.Some)
				m.seconds("pressure_"+p.of+"_full", "How long all tasks waited.", &p.Full)
			}
		}
	}
	if x := r.Network; x != nil {
		m.unsigned("network_allowed", "Connections and flows that reached their server.", x.Allowed)
		m.unsigned("network_failed", "Connections and flows that could not be made.", x.Failed)
		m.unsigned("network_denied", "Connections, flows and look-ups that no rule allowed.", x.Denied)
		m.unsigned("network_out_bytes", "Bytes from the sandbox.", x.Out)
		m.unsigned("network_in_bytes", "Bytes to the sandbox.", x.In)
	}
	if x := r.SystemCalls; x != nil {
		n := x.More
		for _, c := range x.Refused {
			n += c.Count
		}
		m.unsigned("system_calls_refused", "System calls that the filter refused.", &n)
	}
	limits := int64(len(r.LimitsHit))
	m.count("limits_hit", "Kinds of limits that were met.", &limits)
	lost := int64(len(r.NotEnforced))
	m.count("not_enforced", "What was asked for and does not hold.", &lost)
	m.b.WriteString("# EOF\n")
	return []byte(m.b.String())
}

// metrics is a text that grows by one metric family at a time.
type metrics struct {
	b      strings.Builder
	common string // label of all samples; may be empty
}

const prefix = "usandbox_run_"

func (m *metrics) info(name, help string, labels ...string) {
	family := "usandbox_" + name
	fmt.Fprintf(&m.b, "# TYPE %s info\n# HELP %s %s\n%s_info%s 1\n", family, family, help, family, m.labels(labels...))
}

// number writes one sample; the unit, if there is one, is the end of the name.
func (m *metrics) number(name, unit, help, value string) {
	family := prefix + name
	fmt.Fprintf(&m.b, "# TYPE %s gauge\n", family)
	if unit != "" {
		fmt.Fprintf(&m.b, "# UNIT %s %s\n", family, unit)
	}
	fmt.Fprintf(&m.b, "# HELP %s %s\n%s%s %s\n", family, help, family, m.labels(), value)
}

func (m *metrics) seconds(name, help string, s *Seconds) {
	if s != nil {
		m.number(name+"_seconds", "seconds", help, s.String())
	}
}

func (m *metrics) bytes(name, help string, n *int64) {
	if n != nil {
		m.number(name+"_bytes", "bytes", help, whole(*n))
	}
}

func (m *metrics) count(name, help string, n *int64) {
	if n != nil {
		m.number(name, "", help, whole(*n))
	}
}

func (m *metrics) unsigned(name, help string, n *uint64) {
	if n == nil {
		return
	}
	unit := ""
	if strings.HasSuffix(name, "_bytes") {
		unit = "bytes"
	}
	m.number(name, unit, help, fmt.Sprint(*n))
}

func (m *metrics) labels(list ...string) string {
	var kept []string
	for _, l := range append([]string{m.common}, list...) {
		if l != "" {
			kept = append(kept, l)
		}
	}
	if kept == nil {
		return ""
	}
	return "{" + strings.Join(kept, ",") + "}"
}

// label is a label with its value, safe for a terminal too; "" if the value is empty.
func label(name, value string) string {
	if value == "" {
		return ""
	}
	value = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(printable.Text(value))
	return name + `="` + value + `"`
}

func whole(n int64) string { return fmt.Sprint(n) }
