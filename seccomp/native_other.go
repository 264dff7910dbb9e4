//go:build !amd64 && !arm64

package seccomp

// Native is the architecture that this program was built for; here one that the package
// does not know.
const Native = noArch
