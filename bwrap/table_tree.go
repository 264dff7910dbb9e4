package bwrap

// treeOptions are those that make one operation each, and those that modify the next.
func treeOptions() []row {
	return []row{
		bind("--bind", Bind, false, "show SRC as DEST"),
		bind("--bind-try", Bind, true, "the same, if SRC is there"),
		bind("--dev-bind", DevBind, false, "show SRC as DEST, devices included"),
		bind("--dev-bind-try", DevBind, true, "the same, if SRC is there"),
		bind("--ro-bind", ROBind, false, "show SRC as DEST, read-only"),
		bind("--ro-bind-try", ROBind, true, "the same, if SRC is there"),
		bindFD("--bind-fd", Bind, "show what FD is open for as DEST"),
		bindFD("--ro-bind-fd", ROBind, "the same, read-only"),
		made("--remount-ro", RemountRO, -1, "make the mount at DEST read-only, but none below it"),
		{"--overlay-src", option{args: 1, names: "SRC", short: "a layer of the overlay that follows, above the ones before", read: func(p *parser, a []string) error {
			p.layers = append(p.layers, a[1])
			return nil
		}}},
		{"--overlay", option{args: 3, names: "RWSRC WORKDIR DEST", short: "an overlay; what is written goes to RWSRC", read: func(p *parser, a []string) error {
			if len(p.layers) < 1 {
				return fail("--overlay requires at least one --overlay-src")
			}
			p.Ops = append(p.Ops, Op{Kind: Overlay, Source: a[1], Work: a[2], Dest: a[3], FD: -1, Layers: p.takeLayers()})
			return nil
		}}},
		overlay("--tmp-overlay", TmpOverlay, 1, "one", "an overlay; what is written goes to memory"),
		overlay("--ro-overlay", ROOverlay, 2, "two", "a read-only overlay"),
		made("--proc", Proc, -1, "a new proc"),
		made("--dev", Dev, -1, "a new dev"),
		made("--tmpfs", Tmpfs, 0o755, "a new tmpfs"),
		made("--mqueue", Mqueue, -1, "a new mqueue"),
		made("--dir", Dir, 0o755, "a folder"),
		filled("--file", File, 0o666, "a file with what is read from FD"),
		filled("--bind-data", BindData, 0o600, "the same, as a mount of its own"),
		filled("--ro-bind-data", ROBindData, 0o600, "the same, read-only"),
		{"--symlink", option{args: 2, names: "SRC DEST", short: "a symlink at DEST that leads to SRC", read: func(p *parser, a []string) error {
			p.Ops = append(p.Ops, Op{Kind: Symlink, Source: a[1], Dest: a[2], FD: -1})
			return nil
		}}},
		{"--perms", option{args: 1, names: "OCTAL", short: "mode bits of what the next option makes", read: func(p *parser, a []string) error {
			if p.perms != -1 {
				return fail("--perms given twice for the same action")
			}
			mode, ok := octal(a[1])
			if !ok {
				return fail("--perms takes an octal argument <= 07777")
			}
			p.perms = mode
			return nil
		}}},
		{"--size", option{args: 1, names: "BYTES", short: "size of the tmpfs that follows", read: func(p *parser, a []string) error {
			if p.size != 0 {
				return fail("--size given twice for the same action")
			}
			n, ok := size(a[1])
			if !ok {
				return fail("--size takes a non-zero number of bytes")
			}
			if n > maxTmpfs {
				return fail("--size (for tmpfs) is limited to %d", uint64(maxTmpfs))
			}
			p.size = n
			return nil
		}}},
		{"--chmod", option{args: 2, names: "OCTAL PATH", short: "change the mode bits of PATH, which is there", read: func(p *parser, a []string) error {
			mode, ok := octal(a[1])
			if !ok {
				return fail("--chmod takes an octal argument <= 07777")
			}
			p.Ops = append(p.Ops, Op{Kind: Chmod, Perms: mode, Dest: a[2], FD: -1})
			return nil
		}}},
	}
}
