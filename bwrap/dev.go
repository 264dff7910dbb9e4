package bwrap

import "golang.org/x/sys/unix"

// What is in a new dev beside the terminal and devpts.
var (
	devices  = [...]string{"null", "zero", "full", "random", "urandom", "tty"}
	devLinks = [...][2]string{
		{"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
		{"fd", "/proc/self/fd"}, {"core", "/proc/kcore"},
	}
)

// dev appends a tmpfs with what programs expect in /dev.
func (c *compiler) dev(op *Op, rel string) {
	c.mountPoint(op)
	c.say("Can't mount tmpfs on %s", shown(op.Dest))
	c.tmpfs(0o755, 0)
	inside := c.attachKept(rel, true)
	device := func(source, name string) {
		c.say("Can't create file %s/%s", op.Dest, name)
		c.Call(unix.SYS_MKNODAT, inside, name, unix.S_IFREG|0o444, 0)
		what := "Can't bind mount " + oldRoot + source + " on " + shown(op.Dest) + "/" + name
		c.say("%s: Unable to mount source on destination", what)
		c.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, oldRoot+source, cloneNamed).To(c.mnt)
		c.attributes(attrDevices, what)
		c.Call(unix.SYS_MOVE_MOUNT, c.mnt, "", inside, name, moveNamed)
		c.Close(c.mnt)
	}
	for _, name := range devices {
		device("/dev/"+name, name)
	}
	for _, link := range devLinks {
		c.say("Can't create symlink %s/%s", op.Dest, link[0])
		c.Call(unix.SYS_SYMLINKAT, link[1], inside, link[0])
	}
	c.say("Can't create %s/shm", op.Dest)
	c.Call(unix.SYS_MKDIRAT, inside, "shm", 0o755)
	c.say("Can't create %s/devpts", op.Dest)
	c.Call(unix.SYS_MKDIRAT, inside, "pts", 0o755)
	c.say("Can't mount devpts on %s/pts", shown(op.Dest))
	c.fresh("devpts", nosuid|noexec, "newinstance", "", "ptmxmode", "0666", "mode", "620")
	c.Call(unix.SYS_MOVE_MOUNT, c.mnt, "", inside, "pts", moveNamed)
	c.Close(c.mnt)
	c.say("Can't make symlink at %s/ptmx", op.Dest)
	c.Call(unix.SYS_SYMLINKAT, "pts/ptmx", inside, "ptmx")
	if c.h.TTY != "" {
		device(c.h.TTY, "console")
	}
	c.Close(inside)
	if c.own[rel] { // what was made so is not known
		delete(c.own, rel)
		c.taken[rel] = true
	}
}
