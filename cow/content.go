package cow

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// compareBuffer is how much is read of each of two files at a time.
const compareBuffer = 64 << 10

// comparer compares contents.
type comparer struct {
	a, b []byte
}

// same reports whether two files have the same contents.
func (c *comparer) same(x, y *os.File) (bool, error) {
	if c.a == nil {
		c.a, c.b = make([]byte, compareBuffer), make([]byte, compareBuffer)
	}
	for {
		n, err := io.ReadFull(x, c.a)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		end := err != nil
		k, err := io.ReadFull(y, c.b)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		if n != k || !bytes.Equal(c.a[:n], c.b[:k]) {
			return false, nil
		}
		if end {
			return true, nil
		}
	}
}

// Hash is the SHA-256 of what is left to read of a file, in hexadecimal digits.
func Hash(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
