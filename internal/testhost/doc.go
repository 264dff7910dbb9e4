// Package testhost tells tests about the machine that they run on: its kernel, and
// a user without privilege.
//
// It is for tests alone, and must never decide what usandbox does: that is found out
// by trying.
package testhost
