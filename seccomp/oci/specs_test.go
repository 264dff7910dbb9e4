package oci

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/usandbox/usandbox/seccomp"
)

// Every field of the specification's types is one of ours, of the same kind.
func TestTypesOfSpecification(t *testing.T) {
	for _, x := range []struct{ theirs, ours any }{
		{specs.LinuxSeccomp{}, profile{}}, {specs.LinuxSyscall{}, entry{}}, {specs.LinuxSeccompArg{}, arg{}},
	} {
		theirs, ours := reflect.TypeOf(x.theirs), reflect.TypeOf(x.ours)
		for i := range theirs.NumField() {
			f := theirs.Field(i)
			own, ok := ours.FieldByName(f.Name)
			if !ok || key(own) != key(f) || kind(own.Type) != kind(f.Type) {
				t.Errorf("%v.%s %v: ours is %v", theirs, f.Name, f.Type, own.Type)
			}
		}
	}
}

func key(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func kind(t reflect.Type) string {
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		return t.Kind().String() + " of " + t.Elem().Kind().String()
	}
	return t.Kind().String()
}

// A profile that is made with the specification's types means what it says.
func TestValuesOfSpecification(t *testing.T) {
	for op, want := range map[specs.LinuxSeccompOperator]seccomp.Op{
		specs.OpEqualTo: seccomp.Equal, specs.OpNotEqual: seccomp.NotEqual, specs.OpLessThan: seccomp.Less, specs.OpLessEqual: seccomp.LessOrEqual,
		specs.OpGreaterThan: seccomp.Greater, specs.OpGreaterEqual: seccomp.GreaterOrEqual, specs.OpMaskedEqual: seccomp.Equal,
	} {
		for act, kind := range map[specs.LinuxSeccompAction]seccomp.Kind{
			specs.ActKill: seccomp.KillThread, specs.ActKillThread: seccomp.KillThread, specs.ActKillProcess: seccomp.KillProcess, specs.ActTrap: seccomp.Trap,
			specs.ActErrno: seccomp.Errno, specs.ActTrace: seccomp.Trace, specs.ActLog: seccomp.Log,
		} {
			text, err := json.Marshal(specs.LinuxSeccomp{
				DefaultAction: specs.ActAllow,
				Architectures: []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32, specs.ArchAARCH64, specs.ArchARM, specs.ArchS390X},
				Flags:         []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagLog, specs.LinuxSeccompFlagSpecAllow, specs.LinuxSeccompFlagWaitKillableRecv},
				Syscalls:      []specs.LinuxSyscall{{Names: []string{"read"}, Action: act, Args: []specs.LinuxSeccompArg{{Index: 1, Value: 7, Op: op}}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if op == specs.OpMaskedEqual {
				text = []byte(strings.Replace(string(text), `"value":7`, `"value":15,"valueTwo":7`, 1))
			}
			p, notes, err := Parse(strings.NewReader(string(text)), "f", host)
			if err != nil || len(p.Rules) != 1 || p.Rules[0].Action.Kind != kind || p.Rules[0].When[0].Op != want || p.Rules[0].When[0].Value != 7 {
				t.Errorf("%s: %+v, %v", text, p.Rules, err)
			}
			if len(p.Arches) != 3 || len(notes.Flags) != 3 {
				t.Errorf("%v, %v", p.Arches, notes.Flags)
			}
		}
	}
}
