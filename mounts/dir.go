package mounts

// Dir is a folder in a file system of the sandbox's own. One that exists is left
// as it is.
type Dir struct {
	Target string
	Origin string
}

// Where is the folder.
func (d Dir) Where() string  { return d.Target }
func (d Dir) origin() string { return d.Origin }
func (d Dir) String() string { return "make the folder " + d.Target }
func (d Dir) check() error   { return checkTarget(d.Target) }

func (d Dir) compile(t *tree) error {
	at, err := t.prepare(d.Target, false)
	if err != nil {
		return err
	}
	t.p.Close(t.dst)
	return t.checkForeign(at, false)
}
