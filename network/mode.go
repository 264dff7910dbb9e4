package network

import "fmt"

// String is the word of --net: none, allow, open or pasta.
func (m Mode) String() string {
	switch m {
	case None:
		return "none"
	case Named:
		return "allow"
	case Open:
		return "open"
	case Pasta:
		return "pasta"
	}
	return fmt.Sprintf("BUG: mode %d", uint8(m))
}
