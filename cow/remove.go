package cow

import "github.com/usandbox/usandbox/internal/removal"

// removeTree removes a folder of ours with all in it, whatever a command has made there.
func removeTree(dir string) error { return removal.All(dir) }
