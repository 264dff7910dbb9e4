package sandbox

import (
	"errors"
	"fmt"
	"path"
)

// checkCommand refuses arguments that cannot be a command. What a process calls its own
// executable, proc_pid_exe(5), is that which makes the sandbox when the command is executed.
func checkCommand(args []string) error {
	if len(args) == 0 || args[0] == "" {
		return errors.New("no command")
	}
	switch path.Clean(args[0]) {
	case "/proc/self/exe", "/proc/thread-self/exe":
		return fmt.Errorf("the command %s is another program inside, the one that makes the sandbox: name the file itself", args[0])
	}
	return nil
}
