package servers

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
)

// npm is a registry of npm with the package greeting 1.0.0 in it.
func npm([]string) (http.Handler, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := pack(z, map[string]string{
		"package/package.json": `{"name": "greeting", "version": "1.0.0", "main": "index.js"}`,
		"package/index.js":     "module.exports = 'hello from a package'\n",
	}); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	sum := sha512.Sum512(packed.Bytes())
	mux := http.NewServeMux()
	mux.HandleFunc("/greeting", func(w http.ResponseWriter, r *http.Request) {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"name":      "greeting",
			"dist-tags": map[string]string{"latest": "1.0.0"},
			"versions": map[string]any{"1.0.0": map[string]any{
				"name": "greeting", "version": "1.0.0",
				"dist": map[string]string{
					"tarball":   fmt.Sprintf("%s://%s/greeting/-/greeting-1.0.0.tgz", scheme, r.Host),
					"integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:]),
				},
			}},
		})
	})
	mux.HandleFunc("/greeting/-/greeting-1.0.0.tgz", func(w http.ResponseWriter, _ *http.Request) { w.Write(packed.Bytes()) })
	return mux, nil
}

// pack writes files as a tar archive.
func pack(to interface{ Write([]byte) (int, error) }, files map[string]string) error {
	w := tar.NewWriter(to)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
	}
	return w.Close()
}
