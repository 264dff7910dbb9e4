package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// steps reads what usandbox plan --json printed, and says how many steps it has.
func steps(args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var list []struct {
		Step                       int
		Process, Doing, Call, Text string
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	for i, s := range list {
		if s.Step != i || s.Process == "" || s.Doing == "" || s.Call == "" || s.Text == "" {
			return fmt.Errorf("step %d: %+v", i, s)
		}
	}
	fmt.Println(len(list), "steps")
	return nil
}
