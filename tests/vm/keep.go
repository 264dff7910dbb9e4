package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// keep writes what a suite did on a kernel to a file of its own, in place of what it did
// there before: the matrix takes hours, and need not be run at one time.
func keep(dir string, r Results) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, short(r.Kernel)+"-"+r.Suite+".json"), text, 0o644)
}

// kept are the results in a folder, of suites that still exist.
func kept(dir string) (list []Results, err error) {
	for _, s := range known {
		names, err := filepath.Glob(filepath.Join(dir, "*-"+s.Name+".json"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			var r Results
			if err := json.Unmarshal(text, &r); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("there are no results in %s yet", dir)
	}
	return list, nil
}
