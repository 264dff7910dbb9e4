package bwrap

import "testing"

// Shells that hold namespaces: the command line is "$@".
const (
	// Descriptor 3 is a user namespace, 4 one below it.
	twoUserns = `unshare -Ur sh -c 'echo $$ >w/a; unshare -Ur sh -c "echo \$\$ >w/b; exec sleep 9" & exec sleep 9' &
until [ -s w/b ] && [ -s w/a ]; do sleep 0.02; done; a=$(cat w/a) b=$(cat w/b); rm w/a w/b
"$@" 3</proc/$a/ns/user 4</proc/$b/ns/user; echo $?; kill $a $b`

	// It is run in a PID namespace, which is descriptor 4.
	inPIDNS = `unshare -Urpf --mount-proc sh -c '"$@" 4</proc/self/ns/pid; echo $?' sh "$@"`

	// Descriptor 3 is a user namespace, 4 a PID namespace below the caller's.
	belowPIDNS = `unshare -Urpf --mount-proc sh -c 'touch w/a; exec sleep 9' & u=$!
until [ -e w/a ]; do sleep 0.02; done; rm w/a; s=$(pgrep -P $u)
"$@" 3</proc/$s/ns/user 4</proc/$s/ns/pid; echo $?; kill -9 $s`
)

func TestJoined(t *testing.T) {
	for _, x := range []struct{ name, shell, args, command string }{
		{"userns", twoUserns, "--userns 3 --proc /proc", "cat /proc/self/uid_map; exit 3"},
		{"userns2", twoUserns, "--userns 3 --userns2 4 --proc /proc --dev /dev", "cat /proc/self/uid_map; grep Cap /proc/self/status; exit 3"},
		{"pidns", inPIDNS, "--pidns 4 --proc /proc", "grep -c NSpid /proc/self/status; exit 7"},
		{"pidns_and_another", inPIDNS, "--pidns 4 --unshare-pid --proc /proc", "echo $$; exit 7"},
		{"pidns_as_pid_1", inPIDNS, "--pidns 4 --unshare-pid --as-pid-1 --proc /proc", "echo $$; exit 7"},
	} {
		t.Run(x.name, func(t *testing.T) {
			ask{args: base(), shell: x.shell}.with(x.args, "sh", "-c", x.command).compare(t)
		})
	}
}

// TestAsPID1Below has the command as PID 1 in a namespace below one that is not the caller's:
// the bubblewrap compared with waits there for a child that is not its own.
func TestAsPID1Below(t *testing.T) {
	a := ask{args: base(), shell: belowPIDNS}.with("--userns 3 --pidns 4 --unshare-pid --as-pid-1 --proc /proc", "sh", "-c", "echo $$; exit 7")
	if got := a.run(t, ours); got.stdout != "1\n7\n" {
		t.Errorf("output %q, messages %q", got.stdout, got.stderr)
	}
}
