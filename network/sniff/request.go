package sniff

import "bytes"

// request reads the head of an HTTP/1 request. None: no server takes it for one. With
// ended, a first line need not be complete to be None.
//
// It is stricter than servers are, since it cannot know which it is: where two of them
// could see different hosts, the head is Bad.
func request(head []byte, ended bool) Result {
	if n := min(len(head), len(proxyHeader)); n > 0 && string(head[:n]) == proxyHeader[:n] {
		if n == len(proxyHeader) {
			return bad(reasonProxy)
		}
		if !ended {
			return Result{}
		}
	}
	// Empty lines may come first (RFC 9112, 2.2); lenient servers skip blanks too.
	start := head[spaceLen(head):]
	token := start[:tokenLen(start)]
	rest := start[len(token):]
	if len(start) == 0 && ended {
		return Result{Kind: None}
	}
	if len(rest) == 0 && !ended {
		return Result{}
	}
	known := isMethod(token)
	if len(token) == 0 || len(rest) > 0 && !known && !isSpace(rest[0]) {
		return Result{Kind: None}
	}
	end := bytes.IndexByte(start, '\n')
	line := start
	if end >= 0 {
		line = start[:end]
	}
	control := bytes.ContainsFunc(line[len(token):], isControl)
	switch {
	case control && known:
		return bad("its request line has control characters")
	case control && isBinary(line[len(token):]):
		// What decides is before the byte that shows it: what comes later changes nothing.
		if after := line[len(token):]; isControl(rune(after[spaceLen(after):][0])) {
			return Result{Kind: None}
		}
		line, _, _ = bytes.Cut(line, []byte{0})
		if hasVersion(line) {
			return bad(reasonLine)
		}
		return Result{Kind: None}
	case end < 0 && !ended:
		return Result{}
	case !hasVersion(line) && isProxy(line):
		return bad(reasonProxy)
	case !hasVersion(line):
		if known && hasTarget(token, line[len(token):]) {
			return bad("it is an HTTP/0.9 request, which names no host")
		}
		return Result{Kind: None}
	case control || len(bytes.Trim(head[:len(head)-len(start)], "\r\n")) > 0:
		return bad(reasonLine)
	}
	line, crlf := bytes.CutSuffix(line, []byte{'\r'})
	r := requestLine(line)
	if r.Kind == Bad {
		return r
	}
	if end < 0 {
		return Result{}
	}
	return fields(r, start[end+1:], crlf)
}

// isBinary reports whether what follows the first word of a line, and has control
// characters, is nothing that a server would have for a target.
func isBinary(rest []byte) bool {
	after := rest[spaceLen(rest):]
	return len(after) > 0 && isControl(rune(after[0])) || bytes.IndexByte(rest, 0) >= 0
}

// hasVersion reports whether one of the words after the first begins like the version
// of HTTP.
func hasVersion(line []byte) bool {
	const version = "HTTP/"
	for i := 1; i+len(version) <= len(line); i++ {
		if line[i+len(version)-1] == '/' && tokenLen(line[i-1:i]) == 0 && bytes.EqualFold(line[i:i+len(version)], []byte(version)) {
			return true
		}
	}
	return false
}

// hasTarget reports whether what follows a method is what a request without version
// has: a path, a URI, for CONNECT a host and port.
func hasTarget(method, rest []byte) bool {
	rest = bytes.TrimRight(rest[spaceLen(rest):], blanks)
	i := 0
	for i < len(rest) && (isAlpha(rest[i]) || i > 0 && ('0' <= rest[i] && rest[i] <= '9' || bytes.IndexByte([]byte("+-."), rest[i]) >= 0)) {
		i++
	}
	switch {
	case len(rest) == 0:
		return false
	case rest[0] == '/' || i > 0 && bytes.HasPrefix(rest[i:], []byte("://")):
		return true
	case bytes.EqualFold(method, []byte("CONNECT")):
		_, port, ok := authority(rest)
		return ok && port != 0
	}
	return false
}

const reasonLine = "its HTTP request line is malformed"

// requestLine reads method, target and version. Its result has the host of the target,
// where there is one.
func requestLine(line []byte) Result {
	method, rest, ok1 := bytes.Cut(line, []byte{' '})
	target, version, ok2 := bytes.Cut(rest, []byte{' '})
	if !ok1 || !ok2 || tokenLen(method) != len(method) || len(target) == 0 || bytes.ContainsAny(target, blanks) {
		return bad(reasonLine)
	}
	switch string(version) {
	case "HTTP/1.0", "HTTP/1.1":
	case "HTTP/2.0":
		return bad("it speaks HTTP/2 without TLS, in which the host is not read")
	default:
		return bad(reasonLine)
	}
	r := Result{Kind: HTTP, Method: string(method)}
	scheme := bytes.Index(target, []byte("://"))
	var ok bool
	switch {
	case r.Method == "CONNECT":
		if r.Name, r.Port, ok = authority(target); !ok || r.Port == 0 {
			return bad(reasonLine)
		}
	case target[0] == '/', len(target) == 1 && target[0] == '*':
	case scheme > 0 && tokenLen(target) == scheme:
		host := target[scheme+3:]
		if i := bytes.IndexAny(host, "/?#"); i >= 0 {
			host = host[:i]
		}
		if r.Name, r.Port, ok = authority(host); !ok {
			return bad("its HTTP target names no host that can be read")
		}
	default:
		return bad(reasonLine)
	}
	return r
}
