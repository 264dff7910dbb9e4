package sniff

import "bytes"

const reasonField = "its HTTP header is malformed"

// fields reads the header after the request line that r is of: it must have one Host,
// and that be the target's. crlf is how the request line ended: so must all lines.
func fields(r Result, head []byte, crlf bool) Result {
	host := false
	for {
		line, rest, complete := bytes.Cut(head, []byte{'\n'})
		if !complete {
			return Result{}
		}
		head = rest
		line, cr := bytes.CutSuffix(line, []byte{'\r'})
		if cr != crlf {
			return bad("the lines of its HTTP header do not end alike")
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok || len(name) == 0 || tokenLen(name) != len(name) || bytes.ContainsFunc(value, isControl) || bytes.ContainsAny(value, "\r\v\f") {
			return bad(reasonField) // a folded line too: it begins with a blank
		}
		if !bytes.EqualFold(name, []byte("Host")) {
			continue
		}
		if host {
			return bad("it has several HTTP Host fields")
		}
		host = true
		name2, port, ok := authority(bytes.Trim(value, " \t"))
		switch {
		case !ok:
			return bad("its HTTP Host is not one that can be read")
		case r.Name != "" && (r.Name != name2 || r.Port != 0 && port != 0 && r.Port != port):
			return bad("its HTTP target and Host differ")
		}
		r.Name = name2
		if port != 0 {
			r.Port = port
		}
	}
	if !host {
		return bad("it has no HTTP Host")
	}
	return r
}
