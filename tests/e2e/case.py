"""What a scenario has: code that people commit to, issues, a project that is rendered and set."""

import json
import os
import pty
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path

from .concourse import Build, NotThere
from .github import TOKEN, Issue, Repository
from .lab import STATE, Lab
from .tools import run

WEBHOOK = "token-of-the-webhook"
Scenario = Callable[["Case"], None]
SCENARIOS: dict[str, Scenario] = {}
ALONE: set[str] = set()

# The place that a deployment goes to, and the version that it brings, as the checked-out files have it.
DEPLOY = """\
#!/bin/sh
set -eu
version=$(cat "$1/version")
wget -q -O /dev/null --post-data "$version" "http://environments.test:9000/CASE/$1/$STACK"
echo "$1 is at version $version in $STACK." >>"$SUMMARY"
"""


def scenario(function: Scenario) -> Scenario:
    """A scenario goes by its function's name."""
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


def alone(function: Scenario) -> Scenario:
    """A scenario that others would notice."""
    ALONE.add(function.__name__.replace("_", "-"))
    return function


class Case:
    """One scenario's own part of the world: nothing of it is shared with another scenario."""

    def __init__(self, lab: Lab, name: str, write: bool = False) -> None:
        self.lab, self.name, self.write = lab, name, write
        self.folder = STATE / "cases" / name
        self.fleet = self.folder / "fleet"
        (self.fleet / "projects").mkdir(parents=True)
        self.issues = Repository(lab.github, f"acme/{name}")
        self.code = Code(self.folder / "work", STATE / "git" / name / "shop", DEPLOY.replace("CASE", name))
        self.variables = self.folder / "variables.yml"
        authority = textwrap.indent(lab.github.authority, "    ")
        self.variables.write_text(f"github:\n  token: {TOKEN}\n  webhook: {WEBHOOK}\n  ca: |\n{authority}")
        self.projects: list[Project] = []
        self.say_fleet()

    def say_fleet(
        self, issues: str = "", concourses: str = "", image: str = "mitodl/github-issues-resource", tag: str = "0.1.0"
    ) -> None:
        """The fleet: where the code and the issues of this scenario are."""
        (self.fleet / "pipegen.yml").write_text(f"""\
version: 1
concourses:
  main: {{target: e2e, team: main}}
  {concourses}
resource_types:
  github-issues:
    type: registry-image
    source: {{repository: {image}, tag: "{tag}"}}
    defaults: {{ca_cert: ((github.ca))}}
  approved-git:
    type: registry-image
    source: {{repository: mitodl/approved-git-resource, tag: "{tag}"}}
    defaults: {{ca_cert: ((github.ca))}}
defaults:
  environments: [CI, QA, Production]
  source: {{repository: git://git.test/{self.name}/shop}}
  issues:
    api: https://github.test/api/v3
    repository: {self.issues.name}
    auth: {{token: ((github.token))}}
    {issues}
""")

    def project(self, name: str, more: str = "", preview: str = "") -> "Project":
        """A project of the fleet, rendered and set."""
        project = Project(self, name, more, preview)
        self.projects.append(project)
        project.set()
        return project

    def render(self, *options: str) -> None:
        """What `render` prints at this moment."""
        run([self.lab.tools.pipegen, "render", "--quiet", *options, self.fleet])

    def called(self, name: str, more: str = "") -> "Project":
        """A project of the fleet that is said, and neither rendered nor set."""
        project = Project(self, name, more, preview="")
        self.projects.append(project)
        project.say()
        return project

    def set(self, *options: object, answer: str | None = None, folder: Path | None = None) -> tuple[int, str]:
        """What `ol-pipegen set` ends with and prints; on a terminal where there is an answer to what it asks."""
        command = [self.lab.tools.pipegen, "set", "--fly", self.lab.tools.fly, *options, folder or self.fleet]
        words = [str(word) for word in command]
        if answer is None:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            return done.returncode, done.stdout + done.stderr
        ours, terminal = pty.openpty()
        with subprocess.Popen(words, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, text=True) as process:
            os.close(terminal)
            os.write(ours, f"{answer}\n".encode())
            assert process.stdout
            printed = process.stdout.read()
        asked = b""
        try:
            while part := os.read(ours, 65536):
                asked += part
        except OSError:
            pass  # nobody has the terminal any more
        os.close(ours)
        return process.returncode, printed + asked.decode()

    def keep(self, folder: Path) -> None:
        """Keeps what tells why it failed: the issues, and what each build printed."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "processes.txt").write_text(run(["ps", "axfww", "-o", "pid,etimes,stat,wchan:24,args"]))
        state = self.lab.github.do("state")["repositories"][self.issues.name]
        (folder / "issues.json").write_text(json.dumps(state, indent=2))
        for project in self.projects:
            pipeline = project.pipeline
            if not pipeline.about():
                continue
            if project.rendered().exists():
                shutil.copy(project.rendered(), folder)
            (folder / f"{pipeline.name}.builds.json").write_text(json.dumps(pipeline.history(), indent=2))
            for build in pipeline.builds():
                (folder / f"{build.job}-{build.name}-{build.status}.log").write_text(pipeline.concourse.log(build))


class Code:
    """A repository of code."""

    def __init__(self, work: Path, bare: Path, deploy: str) -> None:
        self.work, self.bare = work, bare
        # The newest commit of each version, and the version of each commit.
        self.commits: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self.minute = 0
        run(["git", "init", "-q", "--bare", "-b", "main", bare])
        run(["git", "init", "-q", "-b", "main", work])
        (work / "deploy.sh").write_text(deploy)
        (work / "deploy.sh").chmod(0o755)

    def git(self, *words: object) -> str:
        """Git, at a time of its own, so that commits are the same in each run."""
        person = {"NAME": "Alice", "EMAIL": "alice@acme.test", "DATE": f"2026-01-05T09:{self.minute:02}:00Z"}
        environment = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in person.items()}
        return run(["git", "-C", self.work, *words], env={**os.environ, **environment}).strip()

    def write(self, path: str, text: str) -> None:
        """Somebody writes a file, for the next commit."""
        file = self.work / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{text}\n")

    def commit(self, version: str, *projects: str) -> str:
        """Somebody commits a version of projects, and pushes."""
        self.minute += 1
        for project in projects:
            self.write(f"{project}/version", version)
        self.git("add", "--all")
        self.git("commit", "-q", "-m", f"{', '.join(projects)}: version {version}")
        self.git("push", "-q", "-f", self.bare, "HEAD:main")
        self.commits[version] = self.git("rev-parse", "HEAD")
        self.versions[self.commits[version]] = version
        return self.commits[version]


class Committed:
    """The repository that a fleet is committed to."""

    def __init__(self, case: "Case") -> None:
        self.work, self.bare = case.fleet, STATE / "git" / case.name / "fleet"
        run(["git", "init", "-q", "--bare", "-b", "main", self.bare])
        run(["git", "init", "-q", "-b", "main", self.work])

    def commit(self, what: str) -> None:
        """Somebody commits all that is there, and pushes."""
        person = ["-c", "user.name=Alice", "-c", "user.email=alice@acme.test"]
        run(["git", "-C", self.work, "add", "--all"])
        run(["git", "-C", self.work, *person, "commit", "-q", "-m", what])
        run(["git", "-C", self.work, "push", "-q", self.bare, "HEAD:main"])


class Project:
    """A project, and its pipeline."""

    def __init__(self, case: Case, name: str, more: str, preview: str) -> None:
        self.case, self.name = case, name
        # The folder of its code, and of its places.
        self.folder = name
        self.pipeline = case.lab.concourse.pipeline(f"{case.name}-{name}", "main")
        script = f"image: alpine\n    deploy: ./deploy.sh {name}\n    watch: [{name}]\n"
        if preview:
            script += f"    preview: {json.dumps(preview)}\n"
        self.text = f"project: {name}\nstack:\n  script:\n    {script}{more}".rstrip() + "\n"

    @property
    def code(self) -> str:
        """The resource of its code."""
        return f"shop-{self.pipeline.name}"

    def call(self, pipeline: str) -> None:
        """Its pipeline has another name from now on."""
        self.pipeline = self.case.lab.concourse.pipeline(pipeline, self.pipeline.team)

    def rename(self, name: str) -> None:
        """It has another name from now on; its pipeline, its code and its places stay what they are."""
        self.where().unlink()
        self.text = self.text.replace(f"project: {self.name}\n", f"project: {name}\n")
        self.name = name

    def elsewhere(self, concourse: str, team: str) -> "Project":
        """Its part on another Concourse, which is another pipeline."""
        part = copy(self)
        part.pipeline = self.case.lab.concourse.pipeline(f"{self.pipeline.name}-{concourse}", team)
        part.push()
        self.case.projects.append(part)
        return part

    def set(self) -> None:
        """Says it in a manifest, renders the fleet, and sets this pipeline."""
        self.say()
        self.case.render()
        self.push()

    def say(self) -> None:
        """Says it in a manifest."""
        self.where().write_text(self.manifest())

    def where(self) -> Path:
        """The manifest's file."""
        return self.case.fleet / "projects" / f"{self.name}.yml"

    def manifest(self) -> str:
        """The manifest."""
        return f"pipeline: {self.pipeline.name}\n{self.text}"

    def push(self) -> None:
        """Sets the pipeline that was rendered."""
        self.pipeline.set(self.rendered(), self.case.variables)

    def rendered(self) -> Path:
        """The file that `render` wrote."""
        return self.case.fleet / "rendered" / f"{self.pipeline.name}.yml"

    def commit(self, version: str) -> str:
        """Somebody commits a version of it; all that follows by itself has followed."""
        commit = self.case.code.commit(version, self.folder)
        self.look(self.code)
        return commit

    @contextmanager
    def paused(self, environment: str) -> Iterator[None]:
        """Meanwhile its deployments to an environment wait."""
        job = f"{self.pipeline.path}/jobs/deploy-{self.name}-{environment.lower()}"
        call = self.pipeline.concourse.call
        call("PUT", f"{job}/pause")
        yield
        call("PUT", f"{job}/unpause")

    def look(self, resource: str) -> None:
        """Concourse looks for versions, and does what follows."""
        self.pipeline.check(resource)
        self.pipeline.settle()

    def gate(self, environment: str) -> str:
        """The resource by which Concourse sees that somebody closed the issue of an environment."""
        return f"github-issues-{self.name}-{environment.lower()}-trigger"

    def ready(self, environment: str) -> str:
        """The same of the issue of an environment's preview."""
        return f"gh-{self.name}-{environment.lower()}-gate-trigger"

    def brought(self, build: Build) -> str:
        """The commit that a build took, as Concourse's own record names it."""
        return self.pipeline.inputs(build)[self.code]["ref"]

    def check_record(self) -> None:
        """Concourse's own record names what each deployment brought, where it gets the approved commit."""
        try:
            config = self.pipeline.config()
        except NotThere:  # It was archived: Concourse keeps its builds, and no configuration.
            return
        approved = {resource["name"] for resource in config["resources"] if resource["type"] == "approved-git"}
        for job in config["jobs"]:
            gets = [step for step in job["plan"] if step.get("resource") in approved and step["get"] == self.code]
            stacks = [step["config"]["params"]["STACK"] for step in job["plan"] if step.get("task") == "deploy"]
            if not gets or not stacks:
                continue
            builds = [build for build in self.pipeline.builds(job["name"]) if build.status == "succeeded"]
            brought = [self.case.code.versions[self.brought(build)] for build in builds]
            # A pipeline that was made anew remembers less than the place.
            came = self.at(stacks[0])
            equal(brought, came[len(came) - len(brought) :], f"what Concourse says that {job['name']} brought")

    def look_for_approvals(self, environment: str) -> None:
        """Concourse looks whether somebody closed the issue of an environment, and does what follows."""
        self.look(self.gate(environment))

    def approve(self, issue: Issue, environment: str, by: str = "alice", reason: str = "completed") -> None:
        """Somebody closes the issue of an environment, and Concourse looks."""
        self.case.issues.close(issue.number, by, reason)
        self.look_for_approvals(environment)

    def at(self, stack: str) -> list[str]:
        """The versions that came to a place, oldest first."""
        return self.case.lab.environments.of(self.place(stack))

    def place(self, stack: str) -> str:
        """What the environments call it."""
        return f"{self.case.name}/{self.folder}/{stack}"

    def places(self) -> dict[str, list[str]]:
        """The same of the usual places."""
        return {stack: self.at(stack) for stack in ("CI", "QA", "Production")}

    def deploys(self, environment: str) -> list[Build]:
        """The builds that deploy to an environment, oldest first."""
        return self.pipeline.builds(f"deploy-{self.name}-{environment.lower()}")

    def link(self, build: Build) -> str:
        """Where a person finds a build."""
        return f"{self.pipeline.concourse.url}{self.pipeline.path}/jobs/{build.job}/builds/{build.name}"

    def open(self, words: str) -> Issue:
        """The one open issue of this project whose title ends so."""
        found = [issue for issue in self.case.issues.open(f" {self.name} ") if issue.title.endswith(words)]
        equal([issue.title for issue in found], [f"[bot] Script {self.name} {words}"])
        return found[0]

    def now(self, issue: Issue) -> Issue:
        """The issue as it is by now."""
        return self.case.issues.issue(issue.number)


def equal(seen: object, expected: object, what: str = "") -> None:
    """Two things that must be the same."""
    if seen != expected:
        raise AssertionError(f"{what or 'seen'}: {seen!r}, and not {expected!r}")


def says(text: str, *parts: str) -> None:
    """A text that must hold others."""
    for part in parts:
        if part not in text:
            raise AssertionError(f"{part!r} is not in:\n{text}")
