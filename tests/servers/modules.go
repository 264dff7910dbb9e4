package servers

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
)

// modules is a proxy of Go modules, as GOPROXY names one, with example.test/greeting
// v1.0.0 in it; https://go.dev/ref/mod#goproxy-protocol.
func modules([]string) (http.Handler, error) {
	const module, version = "example.test/greeting", "v1.0.0"
	mod := "module " + module + "\n\ngo 1.21\n"
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for name, text := range map[string]string{
		"go.mod":      mod,
		"greeting.go": "// Package greeting greets.\npackage greeting\n\n// Text is a greeting.\nconst Text = \"hello from a module\"\n",
	} {
		f, err := w.Create(module + "@" + version + "/" + name)
		if err != nil {
			return nil, err
		}
		fmt.Fprint(f, text)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	files := map[string]string{
		"list":            version + "\n",
		version + ".info": `{"Version":"` + version + `","Time":"2024-01-01T00:00:00Z"}`,
		version + ".mod":  mod,
		version + ".zip":  packed.String(),
	}
	mux := http.NewServeMux()
	for name, text := range files {
		mux.HandleFunc("/"+module+"/@v/"+name, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
	}
	return mux, nil
}
