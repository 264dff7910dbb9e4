// Package terminal shows what runs on a pseudo-terminal on the caller's own
// terminal: raw mode, the window's size, and a [Relay] of what is typed and
// printed. It knows nothing of sandboxes, and handles no signals: its caller says
// when to [Relay.Attach], [Relay.Detach] and [Relay.Resize].
//
// What is printed is not trusted. Of it, the package keeps from the caller's
// terminal what sets or asks for its clipboard (see [Filter]); what the terminal
// still answers at the end, it reads, so that no shell does.
//
// It must never give a file descriptor of the caller's terminal away, nor change
// the flags of one: those belong to the open file description, which the caller's
// shell has too. It must never wait without end for a terminal that nobody reads.
//
// It follows pty(7), ioctl_tty(2), termios(3), console_codes(4) and ECMA-48.
package terminal
