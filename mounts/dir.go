package mounts

// Dir is a folder in a file system of the sandbox's own. One that exists is left
// as it is, but for its mode if there is one here.
type Dir struct {
	Target string
	Mode   uint32 // permission bits, also of one that exists; 0: 0755 for a new one
	Origin string
}

// Where is the folder.
func (d Dir) Where() string  { return d.Target }
func (d Dir) origin() string { return d.Origin }
func (d Dir) String() string { return "make the folder " + d.Target }

func (d Dir) check() error {
	if err := checkMode(d.Mode); err != nil {
		return err
	}
	return checkTarget(d.Target)
}

func (d Dir) compile(t *tree) error {
	at, err := t.prepare(d.Target, false)
	if err != nil {
		return err
	}
	if !at.named {
		t.p.Close(t.dst)
	}
	if t.loose != nil {
		return nil // the mode is of what was made
	}
	if err := t.checkForeign(at, false); err != nil || d.Mode == 0 {
		return err
	}
	return t.chmod(at, d.Mode)
}
