package idmap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// maxSubLine is how long a line of /etc/subuid may be; shadow-utils has
	// the same limit.
	maxSubLine = 1024

	// maxSubFile is how long the whole file may be: some 500,000 users.
	maxSubFile = 16 << 20
)

// A SubRange is Count consecutive ids, from Start on, that an administrator
// has delegated to a user.
type SubRange struct {
	Start, Count uint32
}

// String prints the range as START:COUNT, as /etc/subuid has it.
func (s SubRange) String() string { return fmt.Sprintf("%d:%d", s.Start, s.Count) }

// ParseSub reads the ranges of one user from the text of /etc/subuid or
// /etc/subgid: lines "USER:START:COUNT", where USER is a login name or the
// decimal uid of the user. That is so for gids, too: name and id are those of
// the user, never of a group. A user without a login name has the name "".
//
// Lines of other users are skipped whatever they hold. A malformed line of
// this user is an error that names the line, even where shadow-utils would
// overlook it. The ranges are returned in the order of the file and may
// overlap. See subuid(5) and subgid(5).
func ParseSub(r io.Reader, name string, id uint32) ([]SubRange, error) {
	number := strconv.FormatUint(uint64(id), 10)
	in := bufio.NewReaderSize(&boundedReader{r: r, left: maxSubFile}, maxSubLine)
	var subs []SubRange
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		// The line is lost with the next read, and what is left of one that
		// is too long is of no use.
		text := strings.TrimSuffix(string(line), "\n")
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read subordinate ids: line %d: %w", n, err)
		}
		owner, rest, _ := strings.Cut(text, ":")
		if owner != "" && (owner == name || owner == number) {
			sub, problem := parseSubRange(rest)
			if long {
				problem = fmt.Errorf("longer than %d bytes", maxSubLine)
			}
			if problem != nil {
				return nil, fmt.Errorf("read subordinate ids: line %d: %w", n, problem)
			}
			subs = append(subs, sub)
		}
		if err == io.EOF {
			return subs, nil
		}
	}
}

// parseSubRange reads "START:COUNT".
func parseSubRange(s string) (SubRange, error) {
	start, count, found := strings.Cut(s, ":")
	if !found {
		return SubRange{}, fmt.Errorf("want USER:START:COUNT, got %s after the user", quote(s))
	}
	return subRangeOf(start, count)
}

// subRangeOf makes a valid range of two numbers.
func subRangeOf(start, count string) (SubRange, error) {
	var sub SubRange
	var err error
	if sub.Start, err = parseID(start); err != nil {
		return SubRange{}, fmt.Errorf("start: %w", err)
	}
	if sub.Count, err = parseID(count); err != nil {
		return SubRange{}, fmt.Errorf("count: %w", err)
	}
	if err := checkSpan(sub.Start, sub.Count); err != nil {
		return SubRange{}, err
	}
	return sub, nil
}

// A boundedReader fails when there is more to read than allowed, where an
// io.LimitedReader would pretend that the end has been reached.
type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	// One byte more than allowed tells too long from just long enough.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if int64(n) > b.left {
		return int(b.left), fmt.Errorf("more than %d bytes", maxSubFile)
	}
	b.left -= int64(n)
	return n, err
}
