// Package servers holds what the tests of the network connect to: small servers of the
// kinds that programs in a sandbox use, each of which counts what it hears.
//
// They listen where a test says, on loopback or in a network namespace of the test's
// own, and never anywhere else. What a confined program sent is known from them alone:
// it is not asked.
package servers
