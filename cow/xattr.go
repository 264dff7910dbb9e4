package cow

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Attributes of overlayfs's own. One that a command has set is kept with a second
// "overlay." in its name (since Linux 6.7; earlier it could set none).
const (
	overlayPrefix  = "user.overlay."
	escapedPrefix  = "user.overlay.overlay."
	opaqueXattr    = "user.overlay.opaque"
	originXattr    = "user.overlay.origin"
	whiteoutXattr  = "user.overlay.whiteout"
	aclAccessXattr = "system.posix_acl_access"
	aclXattrs      = "system.posix_acl_"
)

// maxXattrs bounds the names and each value; the kernel's own limit is the same.
const maxXattrs = 64 << 10

// xattrs are the attributes that count of what fd, which may be open with O_PATH,
// refers to. Own are those of overlayfs's own; in an upper folder the others are
// unescaped.
func xattrs(fd int, upper bool) (all, own map[string][]byte, err error) {
	name := procFD(fd)
	var few [256]byte
	buf := few[:]
	n, err := unix.Listxattr(name, buf)
	if err == unix.ERANGE {
		buf = make([]byte, maxXattrs)
		n, err = unix.Listxattr(name, buf)
	}
	if err == unix.ENOTSUP || err == nil && n == 0 {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	all, own = map[string][]byte{}, map[string][]byte{}
	for _, attr := range strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00") {
		if !strings.HasPrefix(attr, "user.") && !strings.HasPrefix(attr, aclXattrs) {
			continue
		}
		value, err := getxattr(name, attr)
		switch {
		case err == unix.ENODATA: // gone meanwhile
		case err != nil:
			return nil, nil, err
		case upper && strings.HasPrefix(attr, escapedPrefix):
			all[overlayPrefix+strings.TrimPrefix(attr, escapedPrefix)] = value
		case strings.HasPrefix(attr, overlayPrefix):
			own[attr] = value
		default:
			all[attr] = value
		}
	}
	return all, own, nil
}

func getxattr(name, attr string) ([]byte, error) {
	var few [256]byte
	n, err := unix.Getxattr(name, attr, few[:])
	if err == nil {
		return slices.Clone(few[:n:n]), nil
	}
	if err != unix.ERANGE {
		return nil, err
	}
	buf := make([]byte, maxXattrs)
	n, err = unix.Getxattr(name, attr, buf)
	if err != nil {
		return nil, err
	}
	return slices.Clone(buf[:n]), nil
}

// compareXattrs is what differs, sorted.
func compareXattrs(old, new map[string][]byte) (list []XattrChange) {
	names := slices.Collect(maps.Keys(old))
	for name := range new {
		if _, both := old[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		a, was := old[name]
		b, is := new[name]
		if was != is || !bytes.Equal(a, b) {
			list = append(list, XattrChange{Name: name, Old: a, New: b})
		}
	}
	return list
}
