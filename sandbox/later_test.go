package sandbox

import "testing"

func TestRunsLater(t *testing.T) {
	for name, want := range map[string]bool{
		"main.go": false, "config": false, "src/HEAD": false, "docs/hooks": false, ".git/objects/ab/cd": false, ".git/index": false,
		"Makefile": true, "deep/in/Makefile": true, "rules.mk": true, ".envrc": true, "sub/.envrc": true,
		".git/hooks/pre-commit": true, "sub/.git/config": true, ".git/modules/x/hooks/post-checkout": true, ".git": true, "sub/.git": true,
		".git/modules/x/config": true, ".github/workflows/ci.yml": true, ".gitlab-ci.yml": true, "package.json": true, "web/package.json": true,
		".vscode/tasks.json": true, ".vscodex/tasks.json": false, "build.rs": true, ".husky/pre-push": true,
	} {
		if RunsLater(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
