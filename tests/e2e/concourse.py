"""Concourse, as `fly` and its API show it."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .tools import run
from .wait import Late, until

ENDED = {"succeeded", "failed", "errored", "aborted"}


class NotThere(Exception):
    """Concourse knows no such thing."""


@dataclass(frozen=True)
class Build:
    """A build as it stands."""

    id: int
    name: str
    job: str
    status: str

    @staticmethod
    def of(value: dict[str, Any]) -> "Build":
        return Build(value["id"], value["name"], value.get("job_name", ""), value["status"])


class Concourse:
    """A Concourse, and the team main of it."""

    def __init__(self, fly: Path, url: str, state: Path, logs: Path, sql: Callable[[str], str]) -> None:
        self.flying, self.url, self.state, self.logs, self.sql = fly, url, state, logs, sql
        self.token = ""

    def fly(self, *words: object) -> str:
        """What fly says."""
        return run([self.flying, "-t", "e2e", *words])

    def login(self) -> bool:
        """Logs in; false where nobody is there yet."""
        try:
            self.fly("login", "-c", self.url, "-u", "alice", "-p", "alice", "-n", "main")
        except Exception:
            return False
        found = re.search(r"value: (\S+)", (self.state / "home/.flyrc").read_text())
        self.token = found[1] if found else ""
        return True

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What the API answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise NotThere(path) from error
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error
        return json.loads(text) if text.strip() else None

    def workers(self) -> list[str]:
        """Names of the workers that run."""
        return [worker["name"] for worker in self.call("GET", "/workers") if worker["state"] == "running"]

    def collect(self) -> None:
        """Waits until it has archived whatever it finds that nothing sets any more."""
        ran = "select last_ran from components where name = 'collector_pipelines'"
        for _ in range(2):  # one that is under way may have looked before
            before = self.sql(ran)
            until("the collector of pipelines", lambda: self.sql(ran) != before)

    def pipeline(self, name: str, team: str = "main") -> "Pipeline":
        """A pipeline of it."""
        return Pipeline(self, name, team)

    def log(self, build: Build) -> str:
        """What a build printed."""
        done = subprocess.run([self.flying, "-t", "e2e", "watch", "-b", str(build.id)], capture_output=True, text=True)
        return done.stdout + done.stderr


class Pipeline:
    """A pipeline."""

    def __init__(self, concourse: Concourse, name: str, team: str) -> None:
        self.concourse, self.name, self.team = concourse, name, team
        self.path = f"/teams/{team}/pipelines/{name}"

    def set(self, file: Path, variables: Path) -> None:
        """Sets it from a file, as a person would, and unpauses it."""
        self.concourse.fly("set-pipeline", "--non-interactive", "--team", self.team, "-p", self.name, "-c", file, "-l", variables)
        self.concourse.call("PUT", f"{self.path}/unpause")

    def about(self) -> dict[str, Any] | None:
        """What Concourse tells of it, if it is there."""
        try:
            return self.concourse.call("GET", self.path)
        except NotThere:
            return None

    def config(self) -> dict[str, Any]:
        """Its configuration."""
        return self.concourse.call("GET", f"{self.path}/config")["config"]

    def builds(self, job: str = "") -> list[Build]:
        """Builds of a job, or of all, oldest first. Checks are no builds of a job."""
        found = self.concourse.call("GET", f"{self.path}/jobs/{job}/builds?limit=100" if job else f"{self.path}/builds?limit=500")
        return [Build.of(value) for value in reversed(found) if value.get("job_name")]

    def history(self) -> list[dict[str, Any]]:
        """All builds with all that Concourse tells of them, the newest first, checks too."""
        return self.concourse.call("GET", f"{self.path}/builds?limit=500")

    def check(self, resource: str) -> Build:
        """Looks for versions of a resource now, and waits for the answer."""

        def ask() -> Build:
            build = self.concourse.call("POST", f"{self.path}/resources/{resource}/check", {"from": None, "shallow": True})
            try:
                return until(f"the check of {resource}", lambda: self.ended(build["id"]), seconds=60)
            except Late:
                processes = run(["ps", "axfww", "-o", "pid,etimes,stat,wchan:24,args"])
                (self.concourse.logs / f"hung-{build['id']}.txt").write_text(processes)
                self.concourse.call("PUT", f"/builds/{build['id']}/abort")
                raise

        # Seen once in some thousand checks, on a machine that is busy: Concourse starts the process, and never learns of its
        # end, or loses what the process printed. A person would do the same.
        try:
            build = ask()
            if build.status != "errored":
                return build
            why = f"the check of {resource} errored: {self.concourse.log(build)[-200:].strip()}"
        except Late as late:
            why = str(late)
        print(f"asked {self.name} again: {why}", flush=True)
        return ask()

    def webhook(self, resource: str, token: str) -> int:
        """GitHub calls, and knows nothing but the token."""
        url = f"{self.concourse.url}/api/v1{self.path}/resources/{resource}/check/webhook?webhook_token={token}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, b"{}", method="POST"), timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def ended(self, build: int) -> Build | None:
        """The build, when it is over. One of a check is forgotten as soon as another one is over."""
        try:
            seen = Build.of(self.concourse.call("GET", f"/builds/{build}"))
        except NotThere:
            return Build(build, "", "", "forgotten")
        return seen if seen.status in ENDED else None

    def trigger(self, job: str) -> Build:
        """A person presses +."""
        return Build.of(self.concourse.call("POST", f"{self.path}/jobs/{job}/builds"))

    def rerun(self, build: Build) -> Build:
        """A person has a build run again."""
        return Build.of(self.concourse.call("POST", f"{self.path}/jobs/{build.job}/builds/{build.name}"))

    def inputs(self, build: Build) -> dict[str, dict[str, str]]:
        """What a build took: name → version."""
        found = self.concourse.call("GET", f"/builds/{build.id}/resources")["inputs"]
        return {taken["name"]: taken["version"] for taken in found}

    def settle(self) -> None:
        """Waits until all that follows from what happened has happened: no build runs or waits, and the scheduler has
        looked at each job since something last asked it to."""
        unseen = f"""
            select count(*) from jobs join pipelines on pipelines.id = pipeline_id join teams on teams.id = team_id
            where pipelines.name = '{self.name}' and teams.name = '{self.team}'
            and active and not jobs.paused and schedule_requested > last_scheduled"""

        def quiet() -> bool:
            # In this order: what ends asks the scheduler, and what the scheduler starts is seen.
            return self.concourse.sql(unseen) == "0" and all(build.status in ENDED for build in self.builds())

        # A build may have ended between the two questions, and asked the scheduler.
        until(f"{self.name} to settle", lambda: quiet() and quiet(), seconds=240)
