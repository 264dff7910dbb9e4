hint='a security module forbids user namespaces; AppArmor: the profile that /proc/self/attr/current names needs the rule "userns,"'
mkdir -p "$HOME/project" && cd "$HOME/project"
check run refused "$hint" usandbox run -- true
check supervised refused "$hint" usandbox run --keep-fd 3 -- true
check no-namespaces confined
# It is the profile of that program alone.
cp "$(command -v usandbox)" "$HOME/elsewhere"
check elsewhere "$HOME/elsewhere" run -- true
