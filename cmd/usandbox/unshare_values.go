package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// nonEmpty reads a folder's name.
func nonEmpty(to *string) func(string) error {
	return func(text string) error {
		*to = text
		if text == "" {
			return errors.New("the name of the folder is empty")
		}
		return nil
	}
}

// number reads an id.
func number(to **uint32) func(string) error {
	return func(text string) error {
		n, ok := id(text)
		*to = &n
		if !ok {
			return fmt.Errorf("want a number below %d", uint32(1<<32-1))
		}
		return nil
	}
}

// maxOffset is the most that the kernel adds to a clock, in seconds.
const maxOffset = 9223372036

// seconds reads an offset of a clock.
func seconds(to **int64) func(string) error {
	return func(text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		*to = &n
		switch {
		case err != nil && !errors.Is(err, strconv.ErrRange):
			return errors.New("want a whole number of seconds")
		case err != nil || n > maxOffset || n < -maxOffset:
			return fmt.Errorf("out of range: at most %d seconds, either way", int64(maxOffset))
		}
		return nil
	}
}

// signalNamed reads a signal's name, with or without SIG, or number; SIGKILL if the
// text is absent.
func signalNamed(text string) (unix.Signal, error) {
	if text == absent {
		return unix.SIGKILL, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= 64 {
		return unix.Signal(n), nil
	}
	if s := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(text), "SIG")); s != 0 {
		return s, nil
	}
	return 0, fmt.Errorf("there is no signal %q", text)
}
