package dns

import (
	"strconv"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Types that package dnsmessage has no name for.
const (
	typeLOC        dnsmessage.Type = 29
	typeNAPTR      dnsmessage.Type = 35
	typeCERT       dnsmessage.Type = 37
	typeDS         dnsmessage.Type = 43
	typeSSHFP      dnsmessage.Type = 44
	typeDNSKEY     dnsmessage.Type = 48
	typeTLSA       dnsmessage.Type = 52
	typeSMIMEA     dnsmessage.Type = 53
	typeOPENPGPKEY dnsmessage.Type = 61
	typeURI        dnsmessage.Type = 256
	typeCAA        dnsmessage.Type = 257
)

func typeName(t dnsmessage.Type) string {
	switch t {
	case typeLOC:
		return "LOC"
	case typeNAPTR:
		return "NAPTR"
	case typeCERT:
		return "CERT"
	case typeDS:
		return "DS"
	case typeSSHFP:
		return "SSHFP"
	case typeDNSKEY:
		return "DNSKEY"
	case typeTLSA:
		return "TLSA"
	case typeSMIMEA:
		return "SMIMEA"
	case typeOPENPGPKEY:
		return "OPENPGPKEY"
	case typeURI:
		return "URI"
	case typeCAA:
		return "CAA"
	case dnsmessage.TypeALL:
		return "ANY"
	}
	if name, ok := strings.CutPrefix(t.String(), "Type"); ok {
		return name
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// answeredHere reports whether questions of a type are answered without Forward: with
// records, or by saying that there are none.
func answeredHere(t dnsmessage.Type) bool {
	switch t {
	case dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeCNAME, dnsmessage.TypePTR,
		dnsmessage.TypeHTTPS, dnsmessage.TypeSVCB, dnsmessage.TypeALL:
		return true
	}
	return false
}

// forwardable reports whether questions of a type may go to Forward: data whose form
// is known so well that it can be written anew.
func forwardable(t dnsmessage.Type) bool {
	switch t {
	case dnsmessage.TypeNS, dnsmessage.TypeSOA, dnsmessage.TypePTR, dnsmessage.TypeMX,
		dnsmessage.TypeTXT, dnsmessage.TypeSRV, dnsmessage.TypeHTTPS, dnsmessage.TypeSVCB,
		dnsmessage.TypeHINFO, typeLOC, typeNAPTR, typeCERT, typeDS, typeSSHFP, typeDNSKEY,
		typeTLSA, typeSMIMEA, typeOPENPGPKEY, typeURI, typeCAA:
		return true
	}
	return false
}
