package terminal

// Watch is told of what passes a relay. Its functions may be nil, and must not wait.
type Watch struct {
	// Printed is told how many bytes were printed, and returns how many of them are shown.
	Printed func(n int) int

	// Typed is told what was typed for the command.
	Typed func(b []byte)
}

// Watch has the relay tell what passes it. It is to be called before Start.
func (r *Relay) Watch(w Watch) { r.watch = w }

func (w *Watch) printed(b []byte) []byte {
	if w.Printed == nil {
		return b
	}
	return b[:w.Printed(len(b))]
}

func (w *Watch) typed(b []byte) {
	if w.Typed != nil {
		w.Typed(b)
	}
}
