package inside

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// request is a list of netlink(7) messages that go to the kernel at once. The kernel answers
// each that fails, and the last.
type request struct {
	buf      []byte
	messages []sent
}

// sent is what is remembered of a message.
type sent struct {
	at    int
	doing string // as the start of an error message
}

// reply is the kernel's answer to a message.
type reply struct {
	sequence uint32
	errno    unix.Errno
	text     string // the kernel's words, if it has any
}

const (
	headerSize = unix.SizeofNlMsghdr
	alignment  = unix.NLMSG_ALIGNTO
)

// begin starts a message; what is appended to buf until the next belongs to it. Its sequence
// number is its place in the list, from 1.
func (r *request) begin(doing string, kind uint16, flags uint16) {
	r.finish()
	r.messages = append(r.messages, sent{at: len(r.buf), doing: doing})
	r.buf = binary.NativeEndian.AppendUint32(r.buf, 0) // see finish
	r.buf = binary.NativeEndian.AppendUint16(r.buf, kind)
	r.buf = binary.NativeEndian.AppendUint16(r.buf, unix.NLM_F_REQUEST|flags)
	r.buf = binary.NativeEndian.AppendUint32(r.buf, uint32(len(r.messages)))
	r.buf = binary.NativeEndian.AppendUint32(r.buf, 0) // the kernel's port
}

// finish writes the length of the message at the end.
func (r *request) finish() {
	if n := len(r.messages); n > 0 {
		at := r.messages[n-1].at
		binary.NativeEndian.PutUint32(r.buf[at:], uint32(len(r.buf)-at))
		r.buf = pad(r.buf)
	}
}

func pad(b []byte) []byte {
	for len(b)%alignment != 0 {
		b = append(b, 0)
	}
	return b
}

// attribute appends one, with bytes as its contents.
func (r *request) attribute(kind uint16, data ...byte) {
	r.buf = binary.NativeEndian.AppendUint16(r.buf, uint16(unix.SizeofNlAttr+len(data)))
	r.buf = binary.NativeEndian.AppendUint16(r.buf, kind)
	r.buf = pad(append(r.buf, data...))
}

// number appends an attribute that is a number in the machine's byte order, as rtnetlink has them.
func (r *request) number(kind uint16, n uint32) {
	r.attribute(kind, binary.NativeEndian.AppendUint32(nil, n)...)
}

// bigNumber appends one in network byte order, as nf_tables has them.
func (r *request) bigNumber(kind uint16, n uint32) {
	r.attribute(kind, binary.BigEndian.AppendUint32(nil, n)...)
}

// text appends a string with the NUL that ends it.
func (r *request) text(kind uint16, s string) { r.attribute(kind, append([]byte(s), 0)...) }

// nested appends an attribute that holds others: those that f appends.
func (r *request) nested(kind uint16, f func()) {
	at := len(r.buf)
	r.buf = append(r.buf, 0, 0, 0, 0)
	f()
	binary.NativeEndian.PutUint16(r.buf[at:], uint16(len(r.buf)-at))
	binary.NativeEndian.PutUint16(r.buf[at+2:], kind|unix.NLA_F_NESTED)
}

// acknowledged says that the kernel is to answer the message that was begun last, also if it
// succeeds.
func (r *request) acknowledged() {
	at := r.messages[len(r.messages)-1].at + 6
	flags := binary.NativeEndian.Uint16(r.buf[at:])
	binary.NativeEndian.PutUint16(r.buf[at:], flags|unix.NLM_F_ACK)
}

// send sends the messages, of which one is acknowledged, and returns the failures: the kernel
// has dealt with all, and has answered, when sendto returns.
func (r *request) send(fd int) (failed []reply, err error) {
	r.finish()
	unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1) // without: no words
	if err := unix.Sendto(fd, r.buf, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("ask the kernel: %w", err)
	}
	buf := make([]byte, 16<<10)
	for acknowledged := false; ; {
		n, from, err := unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN && acknowledged, err == unix.EAGAIN && len(failed) > 0:
			return failed, nil
		case err == unix.EAGAIN:
			return nil, errors.New("ask the kernel: it does not answer")
		case err != nil:
			return nil, fmt.Errorf("hear from the kernel: %w", err)
		}
		if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
			continue
		}
		answers, err := replies(buf[:n])
		if err != nil {
			return nil, err
		}
		for _, a := range answers {
			if a.errno != 0 {
				failed = append(failed, a)
			}
			acknowledged = true
		}
	}
}

// replies are the answers in what the kernel has sent. Other messages are none.
func replies(b []byte) (list []reply, err error) {
	for len(b) >= headerSize {
		size, kind := int(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint16(b[4:])
		if size < headerSize || size > len(b) {
			return nil, fmt.Errorf("hear from the kernel: a message of %d bytes in %d", size, len(b))
		}
		if body := b[headerSize:size]; kind == unix.NLMSG_ERROR && len(body) >= 4+headerSize {
			a := reply{sequence: binary.NativeEndian.Uint32(b[8:]), errno: unix.Errno(-int32(binary.NativeEndian.Uint32(body)))}
			if flags := binary.NativeEndian.Uint16(b[6:]); flags&unix.NLM_F_ACK_TLVS != 0 {
				rest := 4 + headerSize
				if flags&unix.NLM_F_CAPPED == 0 { // then what was asked is in it
					rest = 4 + (int(binary.NativeEndian.Uint32(body[4:]))+alignment-1)&^(alignment-1)
				}
				a.text = words(body, rest)
			}
			list = append(list, a)
		}
		b = b[min(len(b), (size+alignment-1)&^(alignment-1)):]
	}
	return list, nil
}

// words is the NLMSGERR_ATTR_MSG of an answer, whose attributes begin at an offset.
func words(body []byte, at int) string {
	for at >= 0 && at+unix.SizeofNlAttr <= len(body) {
		size, kind := int(binary.NativeEndian.Uint16(body[at:])), binary.NativeEndian.Uint16(body[at+2:])
		if size < unix.SizeofNlAttr || at+size > len(body) {
			return ""
		}
		if kind == unix.NLMSGERR_ATTR_MSG {
			return strings.TrimRight(string(body[at+unix.SizeofNlAttr:at+size]), "\x00")
		}
		at += (size + alignment - 1) &^ (alignment - 1)
	}
	return ""
}

// problem is what an answer says of the message that it is to.
func (r *request) problem(a reply) error {
	doing := "ask the kernel"
	if i := int(a.sequence) - 1; i >= 0 && i < len(r.messages) {
		doing = r.messages[i].doing
	}
	if a.text != "" {
		return fmt.Errorf("%s: %w (%s)", doing, a.errno, a.text)
	}
	return fmt.Errorf("%s: %w", doing, a.errno)
}

// family is the protocol of the internet that the message of an answer is about, in rtnetlink.
func (r *request) family(a reply) uint8 {
	if i := int(a.sequence) - 1; i >= 0 && i < len(r.messages) {
		return r.buf[r.messages[i].at+headerSize]
	}
	return unix.AF_UNSPEC
}
