package bwrap

// check refuses options that do not go together, for a caller with this user and group id.
// UnshareUser is what it will be: implied for an ordinary user, tried and found.
func (o *Options) check(uid, gid uint32) error {
	switch {
	case !o.UnshareUser && o.Userns == -1 && o.UID != int64(uid) && o.UID != -1:
		return fail("Specifying --uid requires --unshare-user or --userns")
	case !o.UnshareUser && o.Userns == -1 && o.GID != int64(gid) && o.GID != -1:
		return fail("Specifying --gid requires --unshare-user or --userns")
	case !o.UnshareUTS && o.HostnameSet:
		return fail("Specifying --hostname requires --unshare-uts")
	case o.AsPID1 && !o.UnsharePID:
		return fail("Specifying --as-pid-1 requires --unshare-pid")
	case o.AsPID1 && len(o.LockFiles) > 0:
		return fail("Specifying --as-pid-1 and --lock-file is not permitted")
	}
	return nil
}

// checkAsked is the part of check that is about what was asked for.
func (o *Options) checkAsked() error {
	switch {
	case o.UsernsBlock != -1 && !o.UnshareUser:
		return fail("--userns-block-fd requires --unshare-user")
	case o.UsernsBlock != -1 && o.InfoFD == -1:
		return fail("--userns-block-fd requires --info-fd")
	case o.Userns != -1 && o.UnshareUser:
		return fail("--userns not compatible --unshare-user")
	case o.Userns != -1 && o.UnshareUserTry:
		return fail("--userns not compatible --unshare-user-try")
	case o.DisableUserns && !o.UnshareUser:
		return fail("--disable-userns requires --unshare-user")
	case o.DisableUserns && o.UsernsBlock != -1:
		return fail("--disable-userns is not compatible with  --userns-block-fd")
	}
	return nil
}
