package sandbox

import (
	"path"
	"slices"
	"strings"
)

// toolFiles are names of files, in any folder, that say what build and test tools, and
// continuous integration, run later: patterns of path.Match, in lower case.
var toolFiles = []string{
	"makefile", "makefile.*", "gnumakefile", "*.mk", "*.mak", "justfile", ".justfile", "taskfile.y*ml", "taskfile.dist.y*ml", "rakefile",
	"*.rake", "gemfile", "*.gemspec", "build.rs", "cargo.toml", "rust-toolchain", "rust-toolchain.toml", "setup.py", "setup.cfg", "conftest.py",
	"pytest.ini", "pyproject.toml", "tox.ini", "noxfile.py", "fabfile.py", "tasks.py", "sitecustomize.py", "usercustomize.py",
	"package.json", "binding.gyp", ".pnp.cjs", "*.config.js", "*.config.[cm]js", "*.config.ts", "*.config.[cm]ts", ".*rc.js", ".*rc.cjs", "gulpfile.*",
	"gruntfile.*", "cmakelists.txt", "cmakepresets.json", "cmakeuserpresets.json", "*.cmake", "meson.build", "sconstruct", "sconscript", "wscript",
	"configure", "configure.ac", "autogen.sh", "*.gradle", "*.gradle.kts", "gradlew", "gradle.properties", "gradle-wrapper.*", "mvnw", "pom.xml",
	"build.xml", "*.sbt", "*.csproj", "*.fsproj", "*.vcxproj", "directory.build.*", "nuget.config", "package.swift", "mix.exs", "rebar.config",
	"dockerfile", "dockerfile.*", "*.dockerfile", "containerfile", "containerfile.*", "docker-compose*.y*ml", "compose*.y*ml", "vagrantfile",
	"earthfile", "tiltfile", "procfile", "jenkinsfile", "jenkinsfile.*", ".gitlab-ci.yml", ".travis.yml", ".cirrus.yml", "azure-pipelines.y*ml",
	"appveyor.yml", ".appveyor.yml", ".drone.y*ml", ".woodpecker.y*ml", "bitbucket-pipelines.yml", "buildspec.y*ml", "cloudbuild.y*ml",
	"lefthook.*", ".lefthook.*", "flake.nix", "shell.nix", "default.nix", "workspace.bazel", "module.bazel", "build.bazel",
	"*.bzl", "*.code-workspace", "agents.md", "claude.md", "gemini.md", ".cursorrules", ".gitconfig", ".zprofile", ".zlogin", ".bash_login",
	".bash_logout", ".bash_aliases", ".inputrc", ".pam_environment", ".xprofile", ".xsession", ".xinitrc", ".emacs", ".rprofile", ".irbrc", ".pryrc",
	".tmux.conf", ".npmrc", ".netrc",
}

// capitals are names that are others, and common, in lower case.
var capitals = []string{"HEAD", "BUILD", "WORKSPACE", "BUCK"}

// toolFolders are folders, in any folder, all in which is run or obeyed later.
var toolFolders = []string{
	".github", ".gitlab", ".circleci", ".buildkite", ".woodpecker", ".git/hooks", ".githooks", ".husky", ".lefthook", ".vscode", ".idea", ".zed",
	".cargo", ".mvn", ".yarn", "node_modules/.bin", ".devcontainer", ".direnv", ".claude", ".cursor", ".gemini", ".codex", ".vim", ".emacs.d", ".ssh",
	".config/autostart", ".config/systemd", ".config/fish", ".config/git", ".config/nvim", ".config/environment.d",
}

// bareRepository are names that count together only, as a bare repository; alone they are
// anybody's.
var bareRepository = []string{"HEAD", "config", "objects", "refs", "hooks"}

// RunsLater reports whether programs on the host run or obey, without being asked or
// with the next usual command, what lies at a path in a project: hooks and settings of
// version control, shells and editors, build files, continuous integration. The path
// is relative; the folder that it is in counts for nothing but what it is called. It
// knows names, and no more: what it does not report can be run as well. A file HEAD is
// reported, as it makes a folder a git repository, whose settings name programs.
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
	base := path.Base(name)
	return slices.Contains(capitals, base) || matchesAny(toolFiles, strings.ToLower(base))
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok
	})
}
