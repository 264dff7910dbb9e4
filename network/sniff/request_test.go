package sniff

import (
	"strings"
	"testing"
	"time"
)

var requests = []struct {
	head   string
	kind   Kind
	name   string
	port   uint16
	method string
}{
	{"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", HTTP, "example.org", 0, "GET"},
	{"GET / HTTP/1.0\nhost:EXAMPLE.org.:8080 \n\nbody", HTTP, "example.org", 8080, "GET"},
	{"\r\n\r\nPOST /?q=\xc3\xa4 HTTP/1.1\r\nA: b:c\r\nHOST:\texample.org:\r\n\r\n", HTTP, "example.org", 0, "POST"},
	{"M-SEARCH * HTTP/1.1\r\nHost: example.org\r\n\r\n", HTTP, "example.org", 0, "M-SEARCH"},
	{"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", HTTP, "::1", 80, "GET"},
	{"GET / HTTP/1.1\r\nHost: [0:0::1]\r\n\r\n", HTTP, "::1", 0, "GET"},
	{"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n", HTTP, "192.0.2.1", 0, "GET"},
	{"GET http://example.org/x HTTP/1.1\r\nHost: example.org\r\n\r\n", HTTP, "example.org", 0, "GET"},
	{"GET http://Example.org:80?x HTTP/1.1\r\nHost: example.org\r\n\r\n", HTTP, "example.org", 80, "GET"},
	{"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", HTTP, "example.org", 443, "CONNECT"},
	{"OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n", HTTP, "example.org", 0, "OPTIONS"},

	{"GET / HTTP/1.1\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.0\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost:\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a%2eb\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: [::1%eth0]\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a:0\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\n Host: a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nX: y\r\n\tz\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a\rHost: b\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nnothing\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET http://a:81/ HTTP/1.1\r\nHost: a:80\r\n\r\n", Bad, "", 0, ""},
	{"GET http://u@b/ HTTP/1.1\r\nHost: b\r\n\r\n", Bad, "", 0, ""},
	{"GET http:b HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET b HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"CONNECT b HTTP/1.1\r\nHost: b\r\n\r\n", Bad, "", 0, ""},
	{"CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"connect b:443 HTTP/1.1\r\nHost: b\r\n\r\n", Bad, "", 0, ""},
	{"CONNECT b:443\r\n\r\n", Bad, "", 0, ""},
	{"GET / http/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET\xa0/\xa0HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET\x1f/\x1fHTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET /\rHTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{" GET / HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"FROB\v/ HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"\vGET / HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""}, // Python's http.server takes these
	{"\x1cGET / HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"\r\n\x85GET / HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"\xa0FROB / HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"FROB\xa0/ HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"FROB\x1f/\x1fHTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"FROB /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"FROB / HTTP/1.1\x00\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET / HTTP/1.1\r\nX: y\vHost: b\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"GET\xa0/\r\n", Bad, "", 0, ""},
	{"PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"PROXY UNKNOWN\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Bad, "", 0, ""},
	{"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", Bad, "", 0, ""},
	{"GET /\r\n", Bad, "", 0, ""},
	{"get /index.html\n", Bad, "", 0, ""},
	{"GET http://b/\r\n", Bad, "", 0, ""},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Bad, "", 0, ""},

	{"SSH-2.0-OpenSSH_9.9\r\n", None, "", 0, ""},
	{"*1\r\n$4\r\nPING\r\n", None, "", 0, ""},                              // Redis
	{"PING\r\n", None, "", 0, ""},                                          // Redis
	{"GET key\r\n", None, "", 0, ""},                                       // Redis
	{"get key\r\n", None, "", 0, ""},                                       // memcached
	{"EHLO example.org\r\n", None, "", 0, ""},                              // SMTP
	{"CONNECT {\"verbose\":false,\"lang\":\"go\"}\r\n", None, "", 0, ""},   // NATS
	{"CONNECT\naccept-version:1.2\n", None, "", 0, ""},                     // STOMP
	{"0032git-upload-pack /project.git\x00host=a\x00", None, "", 0, ""},    // git
	{"OPTIONS sip:a@b SIP/2.0\r\n", None, "", 0, ""},                       // SIP
	{"SETUP rtsp://a/ RTSP/1.0\r\n", None, "", 0, ""},                      // RTSP
	{"0\x0c\x02\x01\x01\x60\x07", None, "", 0, ""},                         // LDAP
	{"0\x20\x02\x01\x01\x60\x1b\x02\x01\x03\x04\x0ecn=a", None, "", 0, ""}, // LDAP
	{"\x1f\x00\xf5\x05\x19example.org", None, "", 0, ""},                   // Minecraft
	{"\x04\x00\x00\x00\x05\x00\x00\x00\x00", None, "", 0, ""},              // Cassandra
	{"\r\n\r\n\x00\r\nQUIET", None, "", 0, ""},
	{"\x00\x00\x00\x08\x04\xd2\x16\x2f", None, "", 0, ""}, // PostgreSQL
	{"{\"id\":1}", None, "", 0, ""},                       // JSON
	{"\x13BitTorrent protocol", None, "", 0, ""},
	{"AMQP\x00\x00\x09\x01", None, "", 0, ""},
	{"\x0a\x05hello\x12", None, "", 0, ""}, // protobuf

	{"", Partial, "", 0, ""},
	{"GE", Partial, "", 0, ""},
	{"\r\n", Partial, "", 0, ""},
	{"GET / HTTP/1.1\r\nHost: a\r\n", Partial, "", 0, ""},
}

func TestRequest(t *testing.T) {
	for _, test := range requests {
		r := Name([]byte(test.head), false)
		if r.Kind != test.kind || r.Name != test.name || r.Port != test.port || r.Method != test.method || (r.Kind == Bad) != (r.Reason != "") {
			t.Errorf("%q: %+v", test.head, r)
		}
		checkSplits(t, []byte(test.head))
	}
}

func TestCheck(t *testing.T) {
	get := func(host string) string { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n" }
	for _, test := range []struct {
		head, name string
		port       uint16
		want       Decision
	}{
		{get("example.org"), "example.org", 80, Pass},
		{get("EXAMPLE.org.:8080"), "example.org", 8080, Pass},
		{get("example.org"), "example.org", 8080, Pass},
		{get("example.org:81"), "example.org", 80, Refuse},
		{get("other.example"), "example.org", 80, Refuse},
		{get("www.example.org"), "example.org", 80, Refuse},
		{get("198.18.1.0"), "example.org", 80, Refuse},
		{get("other.example"), "", 80, Pass}, // by address
		{"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", "example.org", 443, Refuse},
		{"CONNECT other.example:80 HTTP/1.1\r\nHost: other.example:80\r\n\r\n", "example.org", 80, Refuse},
		{"GET http://other.example/ HTTP/1.1\r\nHost: example.org\r\n\r\n", "example.org", 80, Refuse},
		{"GET http://other.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n", "example.org", 80, Refuse},
		{string(records(message(sni("example.org")), 50)), "example.org", 443, Pass},
		{string(records(message(sni("other.example")), 50)), "example.org", 443, Refuse},
		{string(records(message(), 50)), "example.org", 443, Pass},
		{"\x16\x03\x01\x00\x01\x07", "example.org", 443, Refuse},
		{"SSH-2.0-x\r\n", "example.org", 443, Pass},
		{"GE", "example.org", 80, More},
	} {
		d, reason := Check([]byte(test.head), false, test.name, test.port)
		if d != test.want || (d == Refuse) != (reason != "") {
			t.Errorf("%q to %s:%d: %d (%s)", test.head, test.name, test.port, d, reason)
		}
	}
}

// What is twice as long takes no more than twice the time, and no head takes long.
func TestLinear(t *testing.T) {
	for what, unit := range map[string]string{"blanks": " ", "lines": "\r\n", "token": "A", "versions": "A HTTP/", "spaces": "GET  ", "colons": "a:"} {
		head := []byte(strings.Repeat(unit, Max/len(unit)))
		begin := time.Now()
		for range 10 {
			Name(head, false)
		}
		if d := time.Since(begin) / 10; d > 20*time.Millisecond {
			t.Errorf("%s: %v", what, d)
		}
	}
	head := records(message(extension(1, make([]byte, 5000))), 1)
	begin := time.Now()
	Name(head[:Max-1], false)
	if d := time.Since(begin); d > 20*time.Millisecond {
		t.Errorf("records of one byte: %v", d)
	}
}
