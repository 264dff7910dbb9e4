package idmap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
)

// Delegated returns the ids that are delegated to a user, in the order in
// which they are listed. The name is the user's login name, "" if there is
// none, and uid the user's number; for gids, too.
//
// It asks getsubids (shadow-utils 4.9), which also knows what a directory
// service delegates, and reads /etc/subuid or /etc/subgid where that program
// is missing or fails. No file means no delegated ids, which is no error. The
// answer is advice: newuidmap decides for itself. See getsubids(1).
func Delegated(k Kind, name string, uid uint32) ([]SubRange, error) {
	if err := k.valid(); err != nil {
		return nil, err
	}
	return delegated(helperDirs, k.subFile(), k, name, uid)
}

// delegated is Delegated with the places to look in.
func delegated(dirs []string, file string, k Kind, name string, uid uint32) ([]SubRange, error) {
	// A name with a dash in front would be an option to getsubids, and one
	// with a colon or a line end could pass for another line.
	if strings.HasPrefix(name, "-") || strings.ContainsAny(name, ":\n\x00") {
		return nil, fmt.Errorf("find delegated %ss: %s is not a login name", k, quote(name))
	}
	if path, ok := findHelper(dirs, "getsubids"); ok && name != "" {
		subs, err := askGetsubids(path, k, name)
		// One that was killed or ran out of time has not said "none".
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !exit.Exited() {
			return subs, err
		}
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find delegated %ss: %w", k, err)
	}
	defer f.Close()
	subs, err := ParseSub(f, name, uid)
	if err != nil {
		return nil, fmt.Errorf("find delegated %ss in %s: %w", k, file, err)
	}
	return subs, nil
}

// askGetsubids runs getsubids. It exits with 1 for a user without ranges.
func askGetsubids(path string, k Kind, name string) ([]SubRange, error) {
	args := []string{name}
	if k == GID {
		args = []string{"-g", name}
	}
	ctx, cancel := context.WithTimeout(context.Background(), helperTime)
	defer cancel()
	out, err := runHelper(ctx, path, args)
	if err != nil {
		return nil, fmt.Errorf("find delegated %ss: %w", k, err)
	}
	subs, err := parseGetsubids(out, name)
	if err != nil {
		return nil, fmt.Errorf("find delegated %ss: answer of %s: %w", k, path, err)
	}
	return subs, nil
}

// parseGetsubids reads the lines that getsubids prints, numbered from 0:
// "0: alice 100000 65536". Names of a directory service may have spaces.
func parseGetsubids(out, name string) ([]SubRange, error) {
	var subs []SubRange
	for line := range strings.Lines(out) {
		prefix := fmt.Sprintf("%d: %s ", len(subs), name)
		rest, found := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prefix)
		start, count, pair := strings.Cut(rest, " ")
		if !found || !pair {
			return nil, fmt.Errorf("want %s and two numbers, got %s", quote(prefix), quote(line))
		}
		sub, err := subRangeOf(start, count)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", quote(line), err)
		}
		subs = append(subs, sub)
	}
	return subs, nil
}
