// Package oci reads filters of system calls in the form in which containers have them:
// linux.seccomp of the OCI runtime specification, and the profiles of Docker and Podman
// that such a part is made from.
//
// Rules mean what they mean to runc and libseccomp 2.5, as far as a [seccomp.Policy]
// can say it; [Parse] tells what was left out. The package must never: pass over a field
// that it does not know, or let a call through that runc would not, where it can tell.
//
// It follows https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md,
// seccomp_rule_add(3) and the types of github.com/docker/docker/profiles/seccomp.
package oci
