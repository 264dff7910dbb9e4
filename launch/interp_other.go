//go:build !amd64 && !arm64

package launch

const elfMachine = 0

func interpreter() []byte { return nil }
