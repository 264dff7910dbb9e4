// Package testhost tells tests about the machine that they run on: its kernel,
// a user without privilege, and what is open in the process.
//
// It is for tests alone, and must never decide what usandbox does: that is found out
// by trying.
package testhost
