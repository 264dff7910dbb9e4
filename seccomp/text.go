package seccomp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The bounds of a text.
const (
	maxTextSize  = 1 << 20
	maxTextLines = 4096
	maxLineSize  = 1 << 16 // with what follows after a backslash
)

// TextError says what is wrong in a text, and where.
type TextError struct {
	File string
	Line int // from 1
	Err  error
}

func (e *TextError) Error() string { return e.File + ":" + strconv.Itoa(e.Line) + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *TextError) Unwrap() error { return e.Err }

// ParseText reads a policy as text. File is what errors and [Rule.Origin] call it.
//
// A line is one statement. A # starts a comment; a backslash at the end of a line
// joins the next one to it.
//
//	default ACTION       what a call gets that no rule decides; has to be there
//	unknown ACTION       what a number gets that the table does not know; else errno ENOSYS
//	foreign ACTION       what a call of another architecture gets; else kill
//	arch NAME...         amd64, i386, x32, arm64, arm; else this program's own
//	ACTION CALL... [when CONDITION [and CONDITION]...] [opens NAME]
//
// ACTION is one of kill, kill-thread, trap [N], errno NAME, notify, trace [N], log,
// allow. CALL is the name of a call, or of a group, as @mount. The first rule that fits
// decides. CONDITION is
//
//	argN:WIDTH [& MASK] OP VALUE
//
// with N from 0 to 5; WIDTH 32, which looks at the low 32 bits alone, or 64; OP one of
// == != < <= > >=, without sign; MASK and VALUE numbers or names of constants, joined by
// | without blanks.
//
// A word that is not understood is an error, which names the line.
func ParseText(r io.Reader, file string) (Policy, error) {
	p := textParser{policy: Policy{Unknown: Action{Errno, enosys}}}
	lines := bufio.NewScanner(io.LimitReader(r, maxTextSize+1))
	lines.Buffer(nil, maxLineSize)
	var text strings.Builder // of the statement so far
	n, size, first := 0, 0, 0
	for lines.Scan() {
		n++
		if size += len(lines.Bytes()) + 1; n > maxTextLines || size > maxTextSize {
			return Policy{}, fmt.Errorf("%s: more than %d lines or %d bytes", file, maxTextLines, maxTextSize)
		}
		line, err := plain(lines.Bytes())
		if err != nil {
			return Policy{}, &TextError{file, n, err}
		}
		if text.Len() == 0 {
			first = n
		}
		line, joined := strings.CutSuffix(line, `\`)
		text.WriteString(line + " ")
		if text.Len() > maxLineSize {
			return Policy{}, &TextError{file, n, fmt.Errorf("a line of more than %d bytes", maxLineSize)}
		}
		if joined {
			continue
		}
		if err := p.statement(strings.Fields(text.String()), file+":"+strconv.Itoa(first)); err != nil {
			return Policy{}, &TextError{file, first, err}
		}
		text.Reset()
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return Policy{}, &TextError{file, n + 1, fmt.Errorf("a line of more than %d bytes", maxLineSize)}
	case err != nil:
		return Policy{}, fmt.Errorf("read %s: %w", file, err)
	case text.Len() > 0:
		return Policy{}, &TextError{file, n, errors.New(`nothing follows the \ at the end of the last line`)}
	case !p.seen.def:
		return Policy{}, fmt.Errorf("%s: no line says what a call gets that no rule decides; write default allow, or default errno EPERM", file)
	}
	return p.policy, nil
}

// plain is a line without its comment. What is not plain text is refused, as it could
// look like something else.
func plain(line []byte) (string, error) {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", fmt.Errorf("the byte %#x is not part of a text", c)
		}
	}
	if i := bytes.IndexByte(line, '#'); i >= 0 {
		line = line[:i]
	}
	return strings.TrimRight(string(line), " \t"), nil
}
