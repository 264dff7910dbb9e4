hint='user namespaces are switched off: sudo sysctl user.max_user_namespaces=10000'
mkdir -p "$HOME/project" && cd "$HOME/project"
check run refused "$hint" usandbox run -- true
check supervised refused "$hint" usandbox run --keep-fd 3 -- true
check unshare test "$(usandbox unshare --user -- true 2>&1 | grep -c '^hint: .*user.max_user_namespaces=10000')" = 1
check no-namespaces confined
