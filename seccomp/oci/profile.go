package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The bounds of a profile.
const (
	maxSize    = 1 << 20
	maxEntries = 4096
	maxNames   = 1024
	maxArgs    = 64
	maxDepth   = 16
)

// The types are those of github.com/opencontainers/runtime-spec/specs-go, which a test
// compares, and what Docker and Podman add. The module itself would do work at the start
// of every program that reads no profile.

// profile is linux.seccomp.
type profile struct {
	DefaultAction    string   `json:"defaultAction"`
	DefaultErrnoRet  *uint    `json:"defaultErrnoRet"`
	Architectures    []string `json:"architectures"`
	Flags            []string `json:"flags"`
	ListenerPath     string   `json:"listenerPath"`
	ListenerMetadata string   `json:"listenerMetadata"`
	Syscalls         []entry  `json:"syscalls"`

	DefaultErrno string       `json:"defaultErrno"` // Podman: the name of DefaultErrnoRet
	ArchMap      []archFamily `json:"archMap"`
}

// archFamily is the architectures of one kind of machine.
type archFamily struct {
	Arch    string   `json:"architecture"`
	SubArch []string `json:"subArchitectures"`
}

// entry is a rule, and when it is one.
type entry struct {
	Names    []string `json:"names"`
	Action   string   `json:"action"`
	ErrnoRet *uint    `json:"errnoRet"`
	Args     []arg    `json:"args"`

	Name     string     `json:"name"`
	Errno    string     `json:"errno"` // Podman: the name of ErrnoRet
	Comment  string     `json:"comment"`
	Includes dependence `json:"includes"`
	Excludes dependence `json:"excludes"`
}

// arg compares an argument.
type arg struct {
	Index    uint   `json:"index"`
	Value    uint64 `json:"value"`
	ValueTwo uint64 `json:"valueTwo"`
	Op       string `json:"op"`
}

// dependence is what an entry depends on.
type dependence struct {
	Caps      []string `json:"caps"`
	Arches    []string `json:"arches"`
	MinKernel string   `json:"minKernel"`
}

// decode reads a profile strictly: one value, no field that is unknown or there twice.
func decode(r io.Reader) (*profile, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("more than %d bytes", maxSize)
	}
	if err := checkKeys(json.NewDecoder(bytes.NewReader(text)), maxDepth); err != nil {
		return nil, withLine(text, err)
	}
	var p profile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, withLine(text, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the profile")
	}
	if len(p.Syscalls) > maxEntries {
		return nil, fmt.Errorf("more than %d entries", maxEntries)
	}
	return &p, nil
}

// checkKeys refuses an object with a key that it has twice, in small and capital
// letters alike: one of the two values would be lost.
func checkKeys(d *json.Decoder, depth int) error {
	if depth == 0 {
		return fmt.Errorf("more than %d values in one another", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return eofIsError(err)
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	keys := map[string]bool{}
	for d.More() {
		if delim == '{' {
			t, err := d.Token()
			if err != nil {
				return eofIsError(err)
			}
			key := fold(t.(string))
			if keys[key] {
				return fmt.Errorf("%q is there twice in one object", t)
			}
			keys[key] = true
		}
		if err := checkKeys(d, depth-1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return eofIsError(err)
}

func eofIsError(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// fold is a key as encoding/json compares it.
func fold(key string) string { return string(bytes.ToLower(bytes.ToUpper([]byte(key)))) }

// withLine names the line of an error whose place is known.
func withLine(text []byte, err error) error {
	var at int64
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	default:
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:min(at, int64(len(text)))], []byte("\n")), err)
}
