package bwrap

func namespaceOptions() []row {
	return []row{
		{"--unshare-all", option{short: "every new namespace: user and cgroup where they can be had", read: func(p *parser, _ []string) error {
			p.UnshareUserTry, p.UnshareIPC, p.UnsharePID, p.UnshareUTS, p.UnshareCgroupTry, p.UnshareNet = true, true, true, true, true, true
			return nil
		}}},
		{"--share-net", option{short: "keep the network namespace, after --unshare-all", read: func(p *parser, _ []string) error {
			p.UnshareNet = false
			return nil
		}}},
		flag("--unshare-user", "a new user namespace", func(p *parser) *bool { return &p.UnshareUser }),
		flag("--unshare-user-try", "a new user namespace where it can be had", func(p *parser) *bool { return &p.UnshareUserTry }),
		flag("--unshare-ipc", "a new IPC namespace", func(p *parser) *bool { return &p.UnshareIPC }),
		flag("--unshare-pid", "a new PID namespace", func(p *parser) *bool { return &p.UnsharePID }),
		flag("--unshare-net", "a new network namespace", func(p *parser) *bool { return &p.UnshareNet }),
		flag("--unshare-uts", "a new UTS namespace", func(p *parser) *bool { return &p.UnshareUTS }),
		flag("--unshare-cgroup", "a new cgroup namespace", func(p *parser) *bool { return &p.UnshareCgroup }),
		flag("--unshare-cgroup-try", "a new cgroup namespace where it can be had", func(p *parser) *bool { return &p.UnshareCgroupTry }),
		descriptor("--userns", "use this user namespace", func(p *parser) *int { return &p.Userns }),
		descriptor("--userns2", "enter this user namespace in the end, with --userns", func(p *parser) *int { return &p.Userns2 }),
		descriptor("--pidns", "use this PID namespace", func(p *parser) *int { return &p.PIDNS }),
		flag("--disable-userns", "no further user namespaces inside", func(p *parser) *bool { return &p.DisableUserns }),
		flag("--assert-userns-disabled", "fail if there could be further user namespaces", func(p *parser) *bool { return &p.AssertDisabled }),
		id("uid", "the user id inside", func(p *parser) *int64 { return &p.UID }),
		id("gid", "the group id inside", func(p *parser) *int64 { return &p.GID }),
		{"--hostname", option{args: 1, names: "NAME", short: "the host name inside", read: func(p *parser, a []string) error {
			p.onlyLast(p.HostnameSet, "--hostname")
			p.HostnameSet = true
			p.Ops = append(p.Ops, Op{Kind: Hostname, Dest: a[1], FD: -1})
			return nil
		}}},
	}
}
