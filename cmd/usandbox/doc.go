// Command usandbox runs commands that are not trusted, as an ordinary user.
//
// The command line is a table of commands (command.go), one file each. They turn
// flags into a [sandbox.Policy] and words for people; everything else is the
// library's. It must never: do with flags what the library could not do with
// values, print what a command or a file said without quoting it, or weaken a
// sandbox because something could not be had.
package main
