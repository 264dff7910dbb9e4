package sniff

const (
	recordAlert       = 21
	recordHandshake   = 22
	recordHeader      = 5
	recordMax         = 1 << 14 // of a plaintext fragment
	messageHello      = 1
	messageHeader     = 4
	extServerName     = 0
	serverNameHost    = 0
	helloRandom       = 2 + 32 // legacy_version, random
	sessionIDMax      = 32
	reasonHello       = "its TLS ClientHello is malformed"
	reasonRecord      = "what begins like TLS is no ClientHello"
	reasonLenient     = "it begins in a way that only some servers take for TLS"
	reasonLong        = "its TLS ClientHello is too long"
	reasonServerNames = "its TLS ClientHello does not name exactly one host"
)

// hello reads the ClientHello at the start of head: handshake records, however the
// message is cut into them. None: head does not begin with such a record. The minor
// version of a record counts for nothing, as servers have it (RFC 8446, 5.1).
func hello(head []byte) Result {
	if len(head) > 1 && head[1] != 3 || len(head) > 0 && head[0] == recordAlert {
		return lenient(head)
	}
	var message []byte
	for first := true; ; first = false {
		wrong := bad(reasonRecord)
		if first {
			wrong = Result{Kind: None}
		}
		if len(head) > 0 && head[0] != recordHandshake || len(head) > 1 && head[1] != 3 {
			return wrong
		}
		if len(head) < recordHeader {
			return Result{}
		}
		n := int(head[3])<<8 | int(head[4])
		if n == 0 || n > recordMax {
			return bad(reasonRecord)
		}
		head = head[recordHeader:]
		fragment := head[:min(n, len(head))]
		if first {
			message = fragment[:len(fragment):len(fragment)] // most come in one
		} else {
			message = append(message, fragment...)
		}
		if len(message) > 0 && message[0] != messageHello {
			return bad(reasonRecord)
		}
		if len(message) >= messageHeader {
			size := messageHeader + (int(message[1])<<16 | int(message[2])<<8 | int(message[3]))
			switch {
			case size > Max:
				return bad(reasonLong)
			case len(message) >= size:
				return clientHello(message[messageHeader:size])
			}
		}
		if len(fragment) < n {
			return Result{}
		}
		head = head[n:]
	}
}

// lenient finds what no client sends and a server of crypto/tls takes all the same: a
// ClientHello in a record of any major version below 16, and an alert before it.
func lenient(head []byte) Result {
	if head[0] != recordHandshake && head[0] != recordAlert || len(head) > 1 && head[1] > 15 {
		return Result{Kind: None}
	}
	if len(head) <= recordHeader {
		return Result{}
	}
	if n := int(head[3])<<8 | int(head[4]); head[0] == recordAlert && n != 2 || head[0] == recordHandshake && (n == 0 || head[5] != messageHello) {
		return Result{Kind: None}
	}
	return bad(reasonLenient)
}

// clientHello reads the body of the message. Of Encrypted Client Hello it sees the
// outer name.
func clientHello(body []byte) Result {
	r := reader{body}
	r.take(helloRandom)
	id := r.vector(1)
	suites := r.vector(2)
	compression := r.vector(1)
	if r.failed() || len(id) > sessionIDMax || len(suites) < 2 || len(suites)%2 != 0 || len(compression) == 0 {
		return bad(reasonHello)
	}
	result := Result{Kind: TLS}
	if len(r.rest) == 0 {
		return result // before TLS 1.3 there may be no extensions
	}
	extensions := reader{r.vector(2)}
	if r.failed() || len(r.rest) != 0 {
		return bad(reasonHello)
	}
	for named := false; len(extensions.rest) > 0; {
		kind := extensions.number(2)
		data := extensions.vector(2)
		if extensions.failed() {
			return bad(reasonHello)
		}
		if kind != extServerName {
			continue
		}
		name, ok := serverName(data)
		if !ok || named {
			return bad(reasonServerNames)
		}
		named, result.Name = true, name
	}
	return result
}

// serverName reads the extension: a list with exactly one host_name.
func serverName(data []byte) (string, bool) {
	r := reader{data}
	list := reader{r.vector(2)}
	if r.failed() || len(r.rest) != 0 {
		return "", false
	}
	kind := list.number(1)
	name := list.vector(2)
	if list.failed() || len(list.rest) != 0 || kind != serverNameHost {
		return "", false
	}
	return hostname(name)
}
