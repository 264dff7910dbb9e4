// Package cgroups tests what limits do where there are cgroups of version 2 to be had: as an ordinary
// user, on a machine of its own (tests/vm), for the tests fill cgroups, memory and process tables.
// Elsewhere none of its tests exists: TestMain runs them only if USANDBOX_TEST_CGROUPS says how the
// user comes by cgroups:
//
//	systemd   the user has a systemd, and can log in to it
//	folder    USANDBOX_TEST_CGROUP is a cgroup that is delegated to the user, without processes; the tests run in one
//	          below it
//	memory    folder, on a machine that has little memory
//	none      nothing is delegated, and there is no systemd
//
// USANDBOX_TEST_PROGRAM is the usandbox to test. It follows cgroups(7).
package cgroups
