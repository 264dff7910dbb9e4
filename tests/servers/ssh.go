package servers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// ssh is OpenSSH's server, run as whoever runs the test, one process a connection as
// inetd does; sshd(8). The folder that is the first argument gets the keys: client for
// the client, and known_hosts with the server's for the names that follow.
func ssh(_ *Authority, args []string) (func(net.Listener) error, error) {
	const server = "/usr/sbin/sshd"
	if len(args) < 1 {
		return nil, fmt.Errorf("ssh: which folder?")
	}
	dir := args[0]
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, name := range []string{"host", "client"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ssh-keygen: %w: %s", err, out)
		}
	}
	config := fmt.Sprintf("HostKey %s/host\nAuthorizedKeysFile %s/client.pub\nStrictModes no\nUsePAM no\nPidFile none\n"+
		"PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n", dir, dir)
	if err := os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(dir, "host.pub"))
	if err != nil {
		return nil, err
	}
	var known string
	for _, name := range args[1:] {
		known += name + " " + string(key)
	}
	if err := os.WriteFile(filepath.Join(dir, "known_hosts"), []byte(known), 0o600); err != nil {
		return nil, err
	}
	const separation = "/run/sshd" // for root it has to be there
	return func(l net.Listener) error {
		if os.Getuid() == 0 && os.Mkdir(separation, 0o755) == nil {
			defer os.Remove(separation)
		}
		return each(l, func(c *conn) {
			cmd := exec.Command(server, "-i", "-e", "-f", filepath.Join(dir, "sshd_config"))
			file, err := c.Conn.(*net.TCPConn).File()
			if err != nil {
				return
			}
			defer file.Close()
			cmd.Stdin, cmd.Stdout = file, file
			cmd.Run()
		})
	}, nil
}
