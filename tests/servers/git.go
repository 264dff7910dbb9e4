package servers

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"os/exec"
)

// git serves the repositories in the folder that is the first argument, to read and to
// write; git-http-backend(1).
func git(args []string) (http.Handler, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("git: which folder?")
	}
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, err
	}
	return &cgi.Handler{Path: program, Args: []string{"http-backend"}, Env: []string{
		"GIT_PROJECT_ROOT=" + args[0], "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=tests",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
	}}, nil
}
