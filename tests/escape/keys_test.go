package escape

import (
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

var keys = []attack{{
	name:    "keys of the caller",
	tries:   "find and read a key in the caller's session and user keyrings, by search, by its number and by /proc/keys, and keep one for the caller to find",
	defence: "the calls on keys are denied; a session keyring of the sandbox's own; user keyrings belong to a user namespace; /proc/keys is empty",
	inside: func(p *prisoner) {
		no := []error{unix.ENOKEY, unix.EACCES, unix.EPERM, unix.ENOSYS, unix.ENOENT}
		for _, ring := range []int{unix.KEY_SPEC_SESSION_KEYRING, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_USER_SESSION_KEYRING} {
			_, err := unix.KeyctlSearch(ring, "user", "callers-key", 0)
			p.refused("search", err, no...)
		}
		_, err := unix.RequestKey("user", "callers-key", "", 0)
		p.refused("request_key", err, no...)
		for i, text := range p.args {
			id, _ := strconv.Atoi(text)
			// A keyring lets its user read the numbers in it, whoever possesses it.
			if _, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, make([]byte, 64), 0); i == 0 || p.filtered() {
				p.refused("read by number", err, no...)
			}
			_, err = unix.KeyctlInt(unix.KEYCTL_LINK, id, unix.KEY_SPEC_PROCESS_KEYRING, 0, 0)
			p.refused("link by number", err, no...)
		}
		text, _ := os.ReadFile("/proc/keys")
		if len(text) > 0 {
			p.bad("/proc/keys: %s", text)
		}
		unix.AddKey("user", "planted-key", []byte("planted"), unix.KEY_SPEC_SESSION_KEYRING)
		unix.AddKey("user", "planted-key", []byte("planted"), unix.KEY_SPEC_USER_KEYRING)
		unix.KeyctlInt(unix.KEYCTL_SESSION_TO_PARENT, 0, 0, 0, 0)
	},
	outside: func(s *scene) {
		// The thread that forks the sandbox has the key, and is not used again.
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread()
			if _, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0); err != nil {
				s.Errorf("BUG: join: %v", err)
				return
			}
			id, err := unix.AddKey("user", "callers-key", []byte(s.token), unix.KEY_SPEC_SESSION_KEYRING)
			if err != nil {
				s.Errorf("BUG: add a key: %v", err)
				return
			}
			ring, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
			if err != nil {
				s.Errorf("BUG: %v", err)
			}
			s.say = []string{itoa(id), itoa(ring)}
			s.launch()
			for _, ring := range []int{unix.KEY_SPEC_SESSION_KEYRING, unix.KEY_SPEC_USER_KEYRING} {
				if _, err := unix.KeyctlSearch(ring, "user", "planted-key", 0); err == nil {
					s.Errorf("the caller has a key from the sandbox")
				}
			}
		}()
		<-done
	},
}}
