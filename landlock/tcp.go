package landlock

import "iter"

// String is the names of what is in the set.
func (t TCP) String() string {
	switch t {
	case BindTCP:
		return "bind_tcp"
	case ConnectTCP:
		return "connect_tcp"
	case BindTCP | ConnectTCP:
		return "bind_tcp|connect_tcp"
	}
	return "none"
}

// ports are the ports of rules, with what may be done with them. The same one may come more
// than once: the kernel adds rules up.
func ports(bind, connect []uint16) iter.Seq2[uint16, TCP] {
	return func(yield func(uint16, TCP) bool) {
		for _, port := range bind {
			if !yield(port, BindTCP) {
				return
			}
		}
		for _, port := range connect {
			if !yield(port, ConnectTCP) {
				return
			}
		}
	}
}
