"""Rendered pipelines, as Concourse reads them: resources, and the steps of jobs in the order in which they run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Map = dict[str, Any]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HOOKS = ("on_success", "on_failure", "on_error", "on_abort", "ensure")
BANNER = re.compile(r"^# Made by ol-pipegen \S+ from (\S+)", re.MULTILINE)
FLY = re.compile(r"^# fly -t (\S+) set-pipeline(?: --team (\S+))? -p (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A step that does something, where it stands in its job."""

    kind: str
    name: str
    body: Map = field(hash=False)
    # The hooks that it is in, from the outside: `()` is the plan itself. A hook of the job begins with `job`.
    hooks: tuple[str, ...] = ()
    # Whether its failure fails the job, and whether it runs once, before all that follows.
    counts: bool = True
    alone: bool = True

    @property
    def resource(self) -> str:
        """The resource of a get or a put."""
        return self.body.get("resource", self.name)

    @property
    def params(self) -> Map:
        return self.body.get("params") or {}

    @property
    def passed(self) -> list[str]:
        return self.body.get("passed") or []

    @property
    def triggers(self) -> bool:
        return self.body.get("trigger") is True

    @property
    def runs_after_a_failure(self) -> bool:
        """Whether it can run although a step of the plan failed."""
        return any(hook in ("on_failure", "on_error", "on_abort", "ensure") for hook in self.hooks)


def steps(body: Map, hooks: tuple[str, ...] = (), counts: bool = True, alone: bool = True) -> Iterator[Step]:
    """Yields the steps of a step: itself or those in it, then those of its hooks."""
    across = "across" in body
    alone = alone and not across
    if "do" in body:
        for each in body["do"]:
            yield from steps(each, hooks, counts, alone)
    elif "in_parallel" in body:
        inner = body["in_parallel"]
        inner = inner if isinstance(inner, list) else inner["steps"]
        for each in inner:
            yield from steps(each, hooks, counts, alone and len(inner) == 1)
    elif "try" in body:
        yield from steps(body["try"], hooks, False, alone)
    else:
        for kind in ("get", "put", "task", "load_var", "set_pipeline"):
            if kind in body:
                yield Step(kind, body[kind], body, hooks, counts, alone)
                break
        else:
            raise ValueError(f"a step of an unknown kind: {sorted(body)}")
    for hook in HOOKS:
        if hook in body:
            yield from steps(body[hook], (*hooks, hook), counts, alone)


@dataclass
class Job:
    """A job of a pipeline."""

    pipeline: Pipeline = field(repr=False)
    name: str
    body: Map = field(repr=False)
    steps: list[Step] = field(repr=False)

    @property
    def place(self) -> str:
        return f"{self.pipeline.name}/{self.name}"

    def gets(self) -> Iterator[Step]:
        return (step for step in self.steps if step.kind == "get")

    def puts(self) -> Iterator[Step]:
        return (step for step in self.steps if step.kind == "put")


@dataclass
class Pipeline:
    """A rendered file."""

    file: str
    # The manifest's file stem.
    manifest: str
    name: str
    target: str
    resources: dict[str, Map]
    types: dict[str, Map]
    jobs: dict[str, Job]


def load(text: str) -> Map:
    """Reads a rendered file."""
    return yaml.load(text, LOADER)


def from_config(file: str, text: str, config: Map) -> Pipeline:
    """Makes a pipeline of what its file holds. `text` has its banner."""
    made, fly = BANNER.search(text), FLY.search(text)
    read = Pipeline(
        file=file,
        manifest=Path(made.group(1)).stem if made else "",
        name=fly.group(3) if fly else Path(file).stem,
        target=fly.group(1) if fly else "",
        resources={each["name"]: each for each in config.get("resources") or []},
        types={each["name"]: each for each in config.get("resource_types") or []},
        jobs={},
    )
    for body in config["jobs"]:
        plan = [step for each in body["plan"] for step in steps(each)]
        for hook in HOOKS:
            if hook in body:
                plan.extend(steps(body[hook], ("job", hook)))
        read.jobs[body["name"]] = Job(read, body["name"], body, plan)
    return read
