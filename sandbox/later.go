package sandbox

import (
	"path"
	"slices"
	"strings"
)

// toolFiles are names of files, in any folder, that say what build and test tools, and
// continuous integration, run later.
var toolFiles = []string{
	"Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", "Taskfile.yml", "Rakefile", "build.rs", "setup.py", "conftest.py",
	"pyproject.toml", "tox.ini", "noxfile.py", "package.json", "CMakeLists.txt", "meson.build", "configure", "build.gradle", "build.gradle.kts",
	"settings.gradle", "gradlew", "mvnw", "pom.xml", "Gemfile", "binding.gyp", "Dockerfile", "Containerfile", "docker-compose.yml",
	"compose.yaml", "Vagrantfile", "Jenkinsfile", ".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", "appveyor.yml",
	".appveyor.yml", ".drone.yml", ".woodpecker.yml", "bitbucket-pipelines.yml", "lefthook.yml", "sitecustomize.py", "flake.nix", "shell.nix",
	"default.nix", "WORKSPACE", "MODULE.bazel", "BUILD", "BUILD.bazel",
}

// toolFolders are folders, in any folder, all in which is run or obeyed later.
var toolFolders = []string{
	".github/workflows", ".github/actions", ".circleci", ".buildkite", ".woodpecker", ".git/hooks", ".githooks", ".husky", ".vscode", ".idea",
	".cargo", ".devcontainer", ".direnv", ".claude", ".cursor", ".ssh", ".config/autostart", ".config/systemd", ".config/fish",
}

// bareRepository are names that count together only, as a bare repository; alone they are
// anybody's.
var bareRepository = []string{"HEAD", "config", "objects", "refs", "hooks"}

// RunsLater reports whether programs on the host run or obey, without being asked or
// with the next usual command, what lies at a path in a project: hooks and settings of
// version control, shells and editors, build files, continuous integration. The path
// is relative; the folder that it is in counts for nothing but what it is called. It
// knows names, and no more: what it does not report can be run as well.
func RunsLater(name string) bool {
	parts := strings.Split(name, "/")
	for i := range parts {
		rest := strings.Join(parts[i:], "/")
		if slices.Contains(actedOn, rest) && !slices.Contains(bareRepository, rest) {
			return true
		}
		for _, dir := range toolFolders {
			if strings.HasPrefix(rest, dir+"/") || rest == dir {
				return true
			}
		}
	}
	if slices.Contains(parts, ".git") { // settings and hooks of submodules and worktrees, too
		base := parts[len(parts)-1]
		return slices.Contains(parts, "hooks") || base == "config" || base == "config.worktree" || base == "commondir" || base == "attributes"
	}
	return slices.Contains(toolFiles, path.Base(name)) || strings.HasSuffix(name, ".mk")
}
