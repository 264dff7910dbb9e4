package relay

// How large a buffer for a datagram is, and how many there are for answers.
const (
	bufferSize  = 64 << 10
	bufferCount = 4
)

// buffers are a few of them for datagrams of all flows.
type buffers chan *[]byte

func newBuffers() buffers {
	c := make(buffers, bufferCount)
	for range bufferCount {
		c <- nil
	}
	return c
}

func (c buffers) get() *[]byte {
	b := <-c
	if b == nil {
		made := make([]byte, bufferSize)
		b = &made
	}
	return b
}

func (c buffers) put(b *[]byte) { c <- b }
