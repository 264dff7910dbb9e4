package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// agentSocket is where the command finds the agent of --ssh-agent.
const agentSocket = "/run/usandbox/ssh-agent"

// socketEntries are the sockets of --forward-unix, each at its own path, and of
// --ssh-agent. They are read-only: that is for the file, and connecting is no change of it.
func (n *networkFlags) socketEntries() (list []mounts.Entry, err error) {
	for _, path := range n.unixSockets {
		abs, err := filepath.Abs(path)
		if err == nil {
			err = checkSocket(path)
		}
		if err != nil {
			return nil, flagError("forward-unix", err)
		}
		list = append(list, mounts.Bind{Source: abs, Target: abs, Origin: "--forward-unix " + path})
	}
	if !n.sshAgent {
		return list, nil
	}
	path := os.Getenv("SSH_AUTH_SOCK")
	if path == "" {
		return nil, hinted{flagError("ssh-agent", errors.New("SSH_AUTH_SOCK is not set: there is no agent")), "eval $(ssh-agent)"}
	}
	if !filepath.IsAbs(path) {
		return nil, flagError("ssh-agent", fmt.Errorf("SSH_AUTH_SOCK, %q, is no absolute path", path))
	}
	if err := checkSocket(path); err != nil {
		return nil, flagError("ssh-agent", fmt.Errorf("SSH_AUTH_SOCK: %w", err))
	}
	return append(list, mounts.Bind{Source: filepath.Clean(path), Target: agentSocket, Origin: "--ssh-agent"}), nil
}

// variables are what the command needs to know of them, as K=V.
func (n *networkFlags) variables() []string {
	if n.sshAgent {
		return []string{"SSH_AUTH_SOCK=" + agentSocket}
	}
	return nil
}

func checkSocket(path string) error {
	if path == "" {
		return errors.New("the path is empty")
	}
	if path[0] == '@' {
		if _, err := os.Lstat(path); err != nil {
			return fmt.Errorf("%s: an abstract socket has no path, and cannot be shown by one", path)
		}
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return fmt.Errorf("%s: not a socket", path)
	}
	return nil
}
