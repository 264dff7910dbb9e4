hint='a system call filter, a security module or a chroot forbids user namespaces'
mkdir -p "$HOME/project" && cd "$HOME/project"
check run refused "$hint" usandbox run -- true
check supervised refused "$hint" usandbox run --keep-fd 2 -- true
check no-namespaces confined
# It is the profile of that program alone.
cp "$(command -v usandbox)" "$HOME/elsewhere"
check elsewhere "$HOME/elsewhere" run -- true
