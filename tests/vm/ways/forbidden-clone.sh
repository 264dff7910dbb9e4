hint='user namespaces are for root only: sudo sysctl kernel.unprivileged_userns_clone=1'
mkdir -p "$HOME/project" && cd "$HOME/project"
check run refused "$hint" usandbox run -- true
check supervised refused "$hint" usandbox run --keep-fd 3 -- true
check unshare test "$(usandbox unshare --user -- true 2>&1 | grep -c '^hint: .*kernel.unprivileged_userns_clone=1')" = 1
check no-namespaces confined
