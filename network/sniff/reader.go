package sniff

// reader takes numbers and vectors (RFC 8446, 3.4) off the front of bytes. After a
// failure it has nothing more: rest is nil.
type reader struct{ rest []byte }

func (r *reader) fail()        { r.rest = nil }
func (r *reader) failed() bool { return r.rest == nil }

// take takes n bytes off.
func (r *reader) take(n int) []byte {
	if r.rest == nil || len(r.rest) < n {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// number takes a number of n bytes off.
func (r *reader) number(n int) int {
	v := 0
	for _, b := range r.take(n) {
		v = v<<8 | int(b)
	}
	return v
}

// vector takes a vector off whose length is a number of n bytes.
func (r *reader) vector(n int) []byte {
	size := r.number(n)
	if r.failed() {
		return nil
	}
	return r.take(size)
}
