"""The story for people: after each act, what changed in Concourse, on GitHub and where deployments go."""

import difflib
import re
import textwrap
import time

from .case import Project
from .github import Issue
from .tools import HERE

FILE = HERE / "story.md"
HEAD = """\
# The story

What a person sees, and what Concourse does: written by `tests/e2e/run --write story`, which plays it on Concourse
7.14.0. GitHub is the one of the resource's tests; Concourse's git resource is a stand-in of ours with the same versions,
clone and files; all else is what a pipeline meets outside. Seconds count from the first commit. The pipeline is what
`render` prints for this manifest:
"""


class Transcript:
    """What changes while a project's story is played."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.began = time.time()
        self.parts = [HEAD, f"```yaml\n{project.manifest()}```\n"]
        self.builds: set[int] = set()
        self.issues: dict[int, Issue] = {}

    def after(self, act: str) -> None:
        """Tells what is new since the last time; what somebody did is `act`."""
        self.parts.append(f"## {act}\n")
        for build in sorted(self.project.pipeline.history(), key=lambda build: build["id"]):
            if build.get("job_name") and build["id"] not in self.builds:
                self.builds.add(build["id"])
                times = [f"{max(0, build[name] - self.began):.0f} s" for name in ("start_time", "end_time")]
                name = f"`{build['job_name']} #{build['name']}`"
                self.parts.append(f"**Concourse** runs {name} from {times[0]} to {times[1]}: {build['status']}.\n")
        for issue in self.project.case.issues.issues():
            self.tell(issue, self.issues.get(issue.number))
            self.issues[issue.number] = issue
        places = ", ".join(f"{stack} {'→'.join(went) or '–'}" for stack, went in self.project.places().items())
        self.parts.append(f"**Deployed**, oldest first: {places}.\n")

    def tell(self, issue: Issue, before: Issue | None) -> None:
        """Tells what is new about an issue."""
        if before is None:
            labels = " ".join(f"`{label}`" for label in issue.labels)
            self.parts.append(f"**GitHub** has a new issue, #{issue.number}, *{issue.title}*, {labels}:\n")
            self.quote(issue.body)
        elif before.open and not issue.open:
            self.parts.append(f"**GitHub** shows #{issue.number} as closed ({issue.state_reason}).\n")
        for comment in issue.comments[len(before.comments) if before else 0 :]:
            self.parts.append(f"**GitHub** has a new comment on #{issue.number}:\n")
            self.quote(comment["body"])

    def quote(self, text: str) -> None:
        """A text as it is shown: without the marker that only the resource reads."""
        shown = re.sub(r"\A<!--.*?-->\n", "", text, flags=re.DOTALL).strip()
        self.parts.append(textwrap.indent(shown, "> ", lambda _: True).replace("> \n", ">\n") + "\n")

    def check(self, write: bool) -> None:
        """Writes the committed transcript, or holds it against what was played, but for the seconds."""
        text = "\n".join(self.parts)
        if write:
            FILE.write_text(text)
            return
        played, committed = (re.sub(r"\d+ s\b", "… s", each).splitlines() for each in (text, FILE.read_text()))
        if changed := list(difflib.unified_diff(committed, played, "story.md", "what was played", lineterm="", n=1)):
            raise AssertionError("tests/e2e/story.md is out of date; run tests/e2e/run --write story\n" + "\n".join(changed))
