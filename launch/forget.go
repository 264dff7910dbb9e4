package launch

import "golang.org/x/sys/unix"

// ForgetArguments appends: the stack, where the kernel put the image's own arguments and
// environment, is emptied. The interpreter itself uses none.
func (p *Program) ForgetArguments() {
	p.Doing("forget the caller's arguments and environment")
	stack := p.Var("stack")
	p.And(stack, stackPointer, ^uint64(pageSize-1))
	// More than a stack can hold; what is not mapped is passed over, and what cannot
	// be emptied, the kernel's own pages, comes after it.
	p.Call(unix.SYS_MADVISE, stack, 1<<24, unix.MADV_DONTNEED).On(unix.ENOMEM, nil).On(unix.EINVAL, nil)
	p.Call(unix.SYS_PRCTL, unix.PR_GET_NAME, ownName, 0, 0, 0).OnAny(nil) // what ps(1) shows instead
}
