package servers

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"
)

// debian is a flat repository of Debian packages with greeting 1.0 in it, not signed;
// sources.list(5), deb(5).
func debian([]string) (http.Handler, error) {
	const control = "Package: greeting\nVersion: 1.0\nArchitecture: all\n" +
		"Maintainer: nobody <nobody@example.test>\nDescription: a greeting\n"
	var deb bytes.Buffer
	deb.WriteString("!<arch>\n")
	archive := func(files map[string]string) (string, error) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if err := pack(z, files); err != nil {
			return "", err
		}
		err := z.Close()
		return b.String(), err
	}
	metadata, err := archive(map[string]string{"./control": control})
	if err != nil {
		return nil, err
	}
	data, err := archive(map[string]string{"./usr/share/greeting": "hello from a package\n"})
	if err != nil {
		return nil, err
	}
	for _, part := range []struct{ name, text string }{
		{"debian-binary", "2.0\n"}, {"control.tar.gz", metadata}, {"data.tar.gz", data},
	} {
		fmt.Fprintf(&deb, "%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", part.name, 0, 0, 0, 0o100644, len(part.text), part.text)
		if len(part.text)%2 != 0 {
			deb.WriteByte('\n')
		}
	}
	packages := fmt.Sprintf("%sFilename: ./greeting.deb\nSize: %d\nSHA256: %x\n\n", control, deb.Len(), sha256.Sum256(deb.Bytes()))
	release := fmt.Sprintf("Date: %s\nSHA256:\n %x %d Packages\n", time.Now().UTC().Format(time.RFC1123), sha256.Sum256([]byte(packages)), len(packages))
	mux := http.NewServeMux()
	for name, text := range map[string]string{"Packages": packages, "Release": release, "greeting.deb": deb.String()} {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, name, time.Now(), bytes.NewReader([]byte(text)))
		})
	}
	return mux, nil
}
