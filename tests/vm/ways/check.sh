# check NAME COMMAND...: one test, told as "go test -v" tells it.
failed=0
exec 3</dev/null # for a launch with a supervisor
check() {
	name=$1
	shift
	if "$@" >"$HOME/out" 2>&1; then
		echo "--- PASS: $name (0.00s)"
	else
		echo "--- FAIL: $name (0.00s)"
		sed 's/^/    /' "$HOME/out"
		failed=1
	fi
}

# refused HINT COMMAND...: usandbox cannot make a user namespace, says so, and its hint
# is as said and names what does without.
refused() {
	hint=$1
	shift
	"$@" 2>"$HOME/err"
	code=$?
	cat "$HOME/err"
	test $code = 125 || { echo "exit code $code, want 125" && return 1; }
	grep -q '^usandbox: .*user namespace' "$HOME/err" &&
		grep -qF "hint: $hint" "$HOME/err" &&
		grep -qF 'usandbox run --no-namespaces' "$HOME/err" &&
		test "$(wc -l <"$HOME/err")" = 2
}

# confined: usandbox runs without namespaces, and still confines.
confined() {
	echo secret >"$HOME/secret"
	mkdir -p "$HOME/project" && cd "$HOME/project" || return 1
	test "$(usandbox run --no-namespaces -- sh -c "echo ran; cat '$HOME/secret'" 2>/dev/null)" = ran
}

# works: usandbox runs with all its namespaces.
works() {
	mkdir -p "$HOME/project" && cd "$HOME/project" || return 1
	test "$(usandbox run -- sh -c 'echo $$')" -lt 10
}
