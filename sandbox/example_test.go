package sandbox_test

// How the package is used, from the shortest on. The examples run, as any user.

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

func Example() {
	out, err := sandbox.Command("sh", "-c", "ls -A ~; echo home is empty").Output()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", out)
	// Output: home is empty
}

func ExampleCommand() {
	c := sandbox.Command("tr", "a-z", "A-Z")
	c.Stdin = strings.NewReader("some input\n")
	c.Stdout = os.Stdout
	if err := c.Run(); err != nil {
		log.Fatal(err)
	}
	// Output: SOME INPUT
}

func ExampleCommandContext() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	// Everything in the sandbox is killed, also what the shell left behind.
	err := sandbox.CommandContext(ctx, "sh", "-c", "sleep 1000 & sleep 1000").Run()
	fmt.Println(err)
	// Output: context deadline exceeded
}

func ExampleCmd_Output() {
	_, err := sandbox.Command("sh", "-c", "echo what is wrong >&2; exit 3").Output()
	var exit *sandbox.ExitError
	if errors.As(err, &exit) {
		fmt.Printf("code %d: %s", exit.ExitCode(), exit.Stderr)
	}
	// Output: code 3: what is wrong
}

func ExampleCmd_Start() {
	c := sandbox.Command("no-such-command")
	err := c.Start()
	var step *launch.StepError
	if errors.As(err, &step) && step.Exec {
		fmt.Println("the sandbox is fine, the command is not:", err)
	}
	// Output: the sandbox is fine, the command is not: execute no-such-command: no such file or directory
}

func ExampleBuildPolicy() {
	project, err := os.MkdirTemp("", "project")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(project)

	c := sandbox.Command("sh", "-c", "echo built > result; touch /etc/oops 2>/dev/null || echo refused")
	c.Stdout = os.Stdout
	if c.Policy, err = sandbox.BuildPolicy(project); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Run())
	text, _ := os.ReadFile(filepath.Join(project, "result"))
	fmt.Printf("%s", text)
	// Output:
	// refused
	// <nil>
	// built
}

func ExamplePolicy() {
	policy := sandbox.SystemPolicy()
	policy.Files = append(policy.Files, mounts.Tmpfs{Target: "/work"}, mounts.Symlink{Link: "work", Target: "/w"})
	policy.Dir = "/w"
	policy.UID, policy.GID = sandbox.ID(0), sandbox.ID(0)
	policy.Hostname = "builder"

	c := sandbox.Command("sh", "-c", "pwd -P; id -u; uname -n")
	c.Policy = policy
	out, err := c.Output()
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// /work
	// 0
	// builder
	// <nil>
}

func ExampleCmd_Plan() {
	program, err := sandbox.Command("true").Plan()
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range program.Steps() {
		if step.Call() == "unshare" {
			fmt.Printf("%s: %s\n", step.Process(), step.Doing())
		}
	}
	// Output:
	// outer: create the user namespace
	// init: create the namespaces mnt,uts,ipc,net,cgroup
}

func ExampleHint() {
	c := sandbox.Command("true")
	c.Dir = "/no/such/folder"
	err := c.Run()
	fmt.Println(err)
	fmt.Println("hint:", sandbox.Hint(err))
	// Output:
	// change to the working directory /no/such/folder: no such file or directory
	// hint: show that folder (--ro DIR or --rw DIR), or choose another with --chdir DIR
}

// A sandbox without a command of its own, in which others follow each other.
func ExampleCmd_Enter() {
	c := &sandbox.Cmd{Hold: true, Policy: sandbox.SystemPolicy()}
	if err := c.Start(); err != nil {
		fmt.Println(err)
		return
	}
	for _, script := range []string{"echo hello >/tmp/note", "cat /tmp/note"} {
		entered, err := c.Enter(&sandbox.Entry{Args: []string{"sh", "-c", script}, Stdout: os.Stdout, Stderr: os.Stderr})
		if err == nil {
			err = entered.Wait()
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	c.Kill()
	c.Wait()
	// Output: hello
}
