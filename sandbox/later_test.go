package sandbox

import "testing"

func TestRunsLater(t *testing.T) {
	for name, want := range map[string]bool{
		"main.go": false, "config": false, "src/HEAD": true, ".git/refs/remotes/origin/HEAD": false, "src/head.c": false, "docs/hooks": false, ".git/objects/ab/cd": false, ".git/index": false,
		"Makefile": true, "deep/in/Makefile": true, "rules.mk": true, ".envrc": true, "sub/.envrc": true,
		".git/hooks/pre-commit": true, "sub/.git/config": true, ".git/modules/x/hooks/post-checkout": true, ".git": true, "sub/.git": true,
		".git/modules/x/config": true, ".github/workflows/ci.yml": true, ".gitlab-ci.yml": true, "package.json": true, "web/package.json": true,
		".vscode/tasks.json": true, ".vscodex/tasks.json": false, "build.rs": true, "Cargo.toml": true, "Jenkinsfile": true, "Dockerfile.dev": true, "CMakeLists.txt": true, "x.config.js": true, ".mvn/jvm.config": true,
		"JUSTFILE": true, ".github/dependabot.yml": true, "build.gradle": true, "src/config.js": false, "compose.go": false, "build/x": false, "build": false, "BUILD": true, ".husky/pre-push": true,
	} {
		if RunsLater(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
