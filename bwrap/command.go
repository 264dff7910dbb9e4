package bwrap

import (
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// enterFolder appends: the umask, the working folder of the command and, with it, PWD; and
// the session.
func (c *compiler) enterFolder() {
	c.Call(unix.SYS_UMASK, c.umask)
	c.env = c.Var("env")
	with := func(dir string) {
		env := setEnv(slices.Clone(c.o.Env), "PWD", dir)
		c.Add(c.env, launch.Secret("environment", env), 0)
	}
	done := c.Label("in_folder")
	if c.o.Chdir != nil {
		c.say("Can't chdir to %s", *c.o.Chdir)
		c.Call(unix.SYS_CHDIR, *c.o.Chdir)
		with(*c.o.Chdir)
	} else {
		home, _ := getEnv(c.o.Env, "HOME")
		for _, dir := range []string{c.h.Dir, home} {
			if dir != "" {
				next := c.Label("next_folder")
				c.Call(unix.SYS_CHDIR, dir).OnAny(next)
				with(dir)
				c.Jump(done)
				c.Here(next)
			}
		}
		with("/")
	}
	c.Here(done)
	if c.o.NewSession {
		c.say("setsid")
		c.Call(unix.SYS_SETSID)
	}
}

// load appends the filters of system calls.
func (c *compiler) load() {
	for _, data := range c.o.Filters {
		failed, loaded := c.Label("filter_invalid"), c.Label("filter_loaded")
		c.say("prctl(PR_SET_SECCOMP)")
		program := launch.Words("filter", uint64(len(data)/8&0xffff), launch.Struct("instructions", append(slices.Clone(data), make([]byte, 8)...)))
		c.Call(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, program, 0, 0).On(unix.EINVAL, failed)
		c.Jump(loaded)
		c.Here(failed)
		c.Die("Unable to set up system call filtering as requested: prctl(PR_SET_SECCOMP) reported EINVAL. (Hint: this requires a kernel configured with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER.)")
		c.Here(loaded)
	}
}

// execute appends the last steps of the command's process.
func (c *compiler) execute() error {
	if !c.o.AsPID1 && c.o.SyncFD != -1 {
		c.Call(unix.SYS_CLOSE, c.o.SyncFD).OnAny(nil)
	}
	c.dieWithParent()
	c.raise()
	c.shutTerminal()
	c.load()
	if c.ready.write != nil {
		c.Call(unix.SYS_WRITE, c.ready.write, "", 1).OnAny(nil)
	}
	args := slices.Clone(c.o.Command)
	if c.o.Argv0 != nil {
		args[0] = *c.o.Argv0
	}
	c.say("execvp %s", c.o.Command[0])
	if c.self != nil {
		c.execSelf(args)
	}
	c.exec(c.o.Command[0], args)
	return nil
}

// exec appends execvp(3).
func (c *compiler) exec(name string, args []string) {
	paths := []string{name}
	if !strings.Contains(name, "/") {
		search, ok := getEnv(c.o.Env, "PATH")
		if !ok {
			search = "/bin:/usr/bin"
		}
		paths = nil
		for dir := range strings.SplitSeq(search, ":") {
			if dir != "" {
				dir += "/"
			}
			paths = append(paths, dir+name)
		}
	}
	if name == "" {
		paths = nil
	}
	argv, last, failed := launch.Strings(args), c.Data("errno", 8, int(unix.ENOENT)), c.Label("exec_failed")
	for _, path := range paths {
		next, script, denied := c.Label("next_path"), c.Label("script"), c.Label("denied")
		// A step tells three errors apart, so it is tried again for others.
		call := func() *launch.Step { return c.Call(unix.SYS_EXECVE, path, argv, c.env) }
		again := c.Label("exec_again")
		if path == name { // it is not looked for: any error is the last
			call().On(unix.ENOEXEC, script).OnAny(again)
			c.Here(again)
			c.tellFailed()
			call()
		} else {
			call().On(unix.ENOENT, next).On(unix.EACCES, denied).OnAny(again)
			c.Here(again)
			rare := c.Label("exec_rare")
			call().On(unix.ENOTDIR, next).On(unix.ENOEXEC, script).OnAny(rare)
			c.Here(rare)
			c.tellFailed()
			call().On(unix.ESTALE, next).On(unix.ENODEV, next).On(unix.ETIMEDOUT, next)
		}
		c.Here(script)
		c.Call(unix.SYS_EXECVE, "/bin/sh", launch.Strings(append([]string{"/bin/sh", path}, args[1:]...)), c.env).OnAny(nil)
		c.Add(last, uint64(unix.ENOEXEC), 0)
		c.Jump(failed)
		c.Here(denied)
		c.Add(last, uint64(unix.EACCES), 0)
		c.Here(next)
	}
	c.Here(failed)
	c.tellFailed()
	c.Fail(last)
}

// tellFailed appends: tell the monitor that there is no command.
func (c *compiler) tellFailed() {
	if c.ready.write != nil {
		c.Call(unix.SYS_WRITE, c.ready.write, "", 1).OnAny(nil)
	}
}

// shutTerminal appends, for a command that shares the caller's terminal: nothing can be put
// into its input, ioctl(2) with TIOCSTI and TIOCLINUX.
func (c *compiler) shutTerminal() {
	if c.o.NewSession || !c.h.Terminal {
		return
	}
	c.say("prctl(PR_SET_SECCOMP)")
	var data []byte
	for _, f := range terminalFilter {
		data = binary.LittleEndian.AppendUint16(data, f.Code)
		data = append(data, f.Jt, f.Jf)
		data = binary.LittleEndian.AppendUint32(data, f.K)
	}
	program := launch.Words("terminal filter", len(terminalFilter), launch.Struct("instructions", data))
	c.Call(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, program, 0, 0).On(unix.EINVAL, nil)
}
