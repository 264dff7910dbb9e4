package mounts

import (
	"path"

	"golang.org/x/sys/unix"
)

// inLayers finds, as the kernel does, what is at a path of an overlay: its name in the layer
// that it is seen of. An empty name: nothing is there.
func (n node) inLayers(rel []string) (name string, st unix.Stat_t, err error) {
	for _, layer := range n.layers {
		name, st, last, err := lookInLayer(layer, rel)
		if name != "" || last || err != nil {
			return name, st, err
		}
	}
	return "", st, nil
}

// lookInLayer looks at a path in one layer. Last: it covers what the layers below have there.
func lookInLayer(layer string, rel []string) (name string, st unix.Stat_t, last bool, err error) {
	name, st.Mode = layer, unix.S_IFDIR
	for i, next := range rel {
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return "", st, true, nil
		}
		last = last || i > 0 && isOpaque(name) // of the root it means nothing
		name = path.Join(name, next)
		switch st, err = statExact(name); {
		case isGone(err):
			return "", st, last, nil
		case err != nil:
			return "", st, last, err
		case isWhiteout(st):
			return "", st, true, nil
		}
	}
	return name, st, last, nil
}

// isWhiteout reports whether a file says that what lies below it in an overlay is gone.
func isWhiteout(st unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == 0 }

// isOpaque reports whether a folder covers those that lie below it in an overlay.
func isOpaque(dir string) bool {
	var value [1]byte
	n, err := unix.Lgetxattr(dir, "user.overlay.opaque", value[:])
	return err == nil && n == 1 && value[0] == 'y'
}

// below are the layers of a folder in an overlay.
func (n node) below(rel string) (layers []string) {
	for _, dir := range n.layers {
		layers = append(layers, path.Join(dir, rel))
	}
	return layers
}
