package main

import (
	"errors"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/network/relay"
	"github.com/usandbox/usandbox/report"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// fill makes the report of what is known.
func (r *record) fill(code int) *report.Report {
	rep := &report.Report{
		Version: report.Version, Name: r.name, ExitCode: code, PlanSHA256: r.plan,
		Started: r.started.UTC().Round(0), Ended: time.Now().UTC().Round(0), Wall: report.Seconds(time.Since(r.started)),
		Command: r.args,
	}
	if r.c != nil {
		rep.Command = r.c.Args
	}
	for _, arg := range rep.Command {
		if !utf8.ValidString(arg) {
			rep.CommandBytes = asBytes(rep.Command)
			break
		}
	}
	if r.c != nil {
		rep.Network = &report.Network{Mode: networkMode(&r.c.Policy)}
	}
	if r.c == nil || r.c.Result() == nil {
		rep.Ending = report.NotStarted
		rep.Failure = r.failure()
		return rep
	}
	result := r.c.Result()
	rep.Ending, rep.Wall = string(result.Ending), report.Seconds(result.Wall)
	if result.Status.Signaled() {
		rep.Signal = unix.SignalName(result.Status.Signal())
	}
	fillAccount(rep, result)
	fillUsage(rep, result.Usage)
	dropEmpty(&rep.Memory)
	dropEmpty(&rep.Processes)
	dropEmpty(&rep.IO)
	dropEmpty(&rep.CPU)
	dropEmpty(&rep.Pressure)
	fillNetwork(rep.Network, r.c.NetworkSummary())
	fillCalls(rep, r.c)
	fillLimits(rep, result)
	for _, l := range r.c.NotEnforced() {
		rep.NotEnforced = append(rep.NotEnforced, report.Exception{What: l.Name, Why: l.What})
	}
	return rep
}

func asBytes(list []string) (bytes [][]byte) {
	for _, s := range list {
		bytes = append(bytes, []byte(s))
	}
	return bytes
}

// failure is why the command did not start.
func (r *record) failure() *report.Failure {
	f := &report.Failure{Error: "not known"}
	switch {
	case r.step != nil:
		f.Error = r.step.Error()
	case failure != nil:
		f.Error = failure.Error()
	}
	var step *launch.StepError
	var mount *mounts.Error
	switch {
	case errors.As(r.step, &step):
		f.Step, f.Asked = step.Doing, step.Origin
	case errors.As(r.step, &mount):
		f.Step, f.Asked = mount.Doing, mount.Origin
	case r.step != nil:
		f.Step = "set the sandbox up"
	default:
		f.Step = "prepare the sandbox"
	}
	return f
}

func networkMode(p *sandbox.Policy) string {
	if p.Share.Has(userns.Network) {
		return "host"
	}
	return p.Network.Mode.String()
}

func fillAccount(rep *report.Report, result *sandbox.Result) {
	a := result.Account
	if a == nil {
		return
	}
	if rep.Partial = !a.Whole; a.Whole { // else the figures are next to nothing
		user, system := report.Seconds(a.User), report.Seconds(a.System)
		rep.User, rep.System = &user, &system
		rep.Faults = &report.Faults{Minor: a.MinorFaults, Major: a.MajorFaults}
		rep.Switches = &report.Switches{Voluntary: a.Voluntary, Involuntary: a.Involuntary}
	}
	rep.IO = &report.IO{Read: known(a.Read), Written: known(a.Written), StorageRead: known(a.StorageRead), StorageWrite: known(a.StorageWritten)}
	rep.Processes = &report.Processes{Left: known(int64(a.Left))}
	if a.MaxRSS > 0 {
		rep.Memory = &report.Memory{ProcessPeak: &a.MaxRSS}
	}
	for k, inode := range result.Namespaces {
		if inode != 0 {
			if rep.Namespaces == nil {
				rep.Namespaces = map[string]uint64{}
			}
			rep.Namespaces[userns.Kind(k).String()] = inode
		}
	}
}

// dropEmpty takes away what has nothing in it.
func dropEmpty[T comparable](p **T) {
	var nothing T
	if *p != nil && **p == nothing {
		*p = nil
	}
}

// known is a number that is -1 if it is not.
func known(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// fillUsage adds what the cgroup tells.
func fillUsage(rep *report.Report, u *limits.Usage) {
	if u == nil {
		return
	}
	if rep.Memory == nil {
		rep.Memory = &report.Memory{}
	}
	rep.Memory.Peak, rep.Memory.OOMKills = u.MemoryPeak, u.OOMKills
	if rep.Processes == nil {
		rep.Processes = &report.Processes{}
	}
	rep.Processes.Peak = u.PidsPeak
	if rep.IO == nil {
		rep.IO = &report.IO{}
	}
	rep.IO.CgroupRead, rep.IO.CgroupWritten = u.ReadBytes, u.WrittenBytes
	rep.CPU = &report.CPU{
		Usage: (*report.Seconds)(u.CPU), User: (*report.Seconds)(u.User), System: (*report.Seconds)(u.System),
		Throttled: (*report.Seconds)(u.Throttled), Throttles: u.Throttles,
	}
	rep.Pressure = &report.Pressures{CPU: pressure(u.CPUPressure), Memory: pressure(u.MemoryPressure), IO: pressure(u.IOPressure)}
	if rep.User == nil && rep.System == nil {
		rep.User, rep.System = rep.CPU.User, rep.CPU.System
	}
}

func pressure(p *limits.Pressure) *report.Pressure {
	if p == nil {
		return nil
	}
	return &report.Pressure{Some: report.Seconds(p.Some), Full: report.Seconds(p.Full)}
}

func fillNetwork(n *report.Network, s *relay.Summary) {
	if s == nil {
		return
	}
	n.Allowed, n.Failed, n.Denied, n.Out, n.In, n.More = &s.Allowed, &s.Failed, &s.Denied, &s.Out, &s.In, s.More
	for _, x := range s.Refused {
		to := report.Refused{Name: x.Name, Ports: x.Ports, Count: x.Count, Programs: x.Programs, Reason: x.Reason}
		if x.Protocol != 0 {
			to.Protocol = x.Protocol.String()
		}
		n.Refused = append(n.Refused, to)
	}
}

func fillCalls(rep *report.Report, c *sandbox.Cmd) {
	if !c.ReportRefused {
		return
	}
	list, others := c.Refused()
	rep.SystemCalls = &report.SystemCalls{Refused: []report.Call{}, More: others}
	for _, x := range list {
		rep.SystemCalls.Refused = append(rep.SystemCalls.Refused, report.Call{Call: x.Call.String(), Errno: unix.ErrnoName(x.Errno), Program: x.Program, Count: x.Count})
	}
}

// fillLimits lists the limits that were met.
func fillLimits(rep *report.Report, result *sandbox.Result) {
	hit := func(limit string, times *int64) {
		rep.LimitsHit = append(rep.LimitsHit, report.Hit{Limit: limit, Times: times})
	}
	if result.Ending.Limited() {
		hit(string(result.Ending), nil)
	}
	switch {
	case !result.Status.Signaled():
	case result.Status.Signal() == unix.SIGXCPU:
		hit("rlimit cpu", nil)
	case result.Status.Signal() == unix.SIGXFSZ:
		hit("rlimit fsize", nil)
	}
	u := result.Usage
	if u == nil {
		return
	}
	ours := u.OOMKills
	if u.OOMElsewhere() {
		ours = nil
	}
	for _, x := range []struct {
		limit string
		times *int64
	}{{"memory", ours}, {"memory-high", u.MemoryHigh}, {"pids", u.PidsMax}, {"cpus", u.Throttles}} {
		if x.times != nil && *x.times > 0 {
			hit(x.limit, x.times)
		}
	}
}
