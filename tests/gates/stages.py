"""What a manifest asks for, stage by stage: the layers of the language, merged as the reference of the language says.

Written from the description of the language. It reads the maps that `manifests.py` wrote, never the program's own model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Map = dict[str, Any]
# Maps with exactly one key: another key replaces the whole map.
CHOICES = {"stack", "with", "auth"}
# Maps whose entries null takes out.
OWN_KEYS = {"env", "values", "inputs", "from", "overrides"}
# Identifies an environment, a group or a stage of a project.
NOT_SETTINGS = {"version", "pipeline", "project", "projects", "old_names", "instance_vars", "rules"}

NAMES = {
    "deploy": "deploy-{{ project }}-{{ slug }}",
    "preview": "preview-{{ project }}-{{ slug }}",
    "stack": "{{ stack }}",
}


def merge(far: Any, near: Any, key: str = "") -> Any:
    """Lays `near` over `far`. `key` is the field that holds both."""
    if not isinstance(far, dict) or not isinstance(near, dict):
        return near
    if key in CHOICES and set(far) != set(near):
        return near
    merged = dict(far)
    for name, value in near.items():
        if value is None and key in OWN_KEYS:
            merged.pop(name, None)
        else:
            merged[name] = merge(far[name], value, name) if name in far else value
    return merged


def fill(template: str, words: dict[str, str]) -> str:
    """Fills the holes `{{ word }}` and `{{ word | lower }}` of a template."""

    def hole(match: re.Match[str]) -> str:
        value = words[match.group(1)]
        return value.lower() if match.group(2) else value

    filled = re.sub(r"\{\{ (\w+)( \| lower)? \}\}", hole, template)
    if "{{" in filled:
        raise ValueError(f"a template that only the program fills: {template}")
    return filled


@dataclass(frozen=True)
class Stage:
    """One project in one group in one environment."""

    project: str
    group: str | None
    environment: str
    # `none`, `issue`, `preview` or `manual`, with its default filled in.
    gate: str
    # Of the stage before, or nothing at the beginning of a chain.
    before: Stage | None
    # The Concourse that it lives on; the empty text is the first.
    concourse: str
    # The names of its jobs.
    deploy: str
    preview: str
    # What the settings say: whether approvals name versions, and which image writes the issues.
    exact: bool
    flavour: str
    # The names of things whose versions the manifest leaves open, in writing.
    unpinned: frozenset[str] = field(default_factory=frozenset)
    # The address of the code.
    repository: str = ""
    # What a script says that it deploys; by default the stage.
    script: str = ""

    @property
    def key(self) -> str:
        """`PROJECT/CHAIN/ENVIRONMENT`."""
        return f"{self.project}/{self.group or '-'}/{self.environment}"

    @property
    def has_gate(self) -> bool:
        """Whether somebody approves what enters it."""
        return self.gate in ("issue", "preview")

    @property
    def let_in(self) -> Stage | None:
        """The stage whose gate decides what comes here: this one, or the nearest one before it that has a gate."""
        if self.has_gate:
            return self
        return self.before.let_in if self.before is not None else None

    @property
    def is_held(self) -> bool:
        """Whether an approval names the versions that are deployed here."""
        return self.let_in is not None and self.let_in.exact and self.let_in.flavour == "github-issues"


def helpers(value: Any) -> Iterator[str]:
    """Yields the gets of steps that say why the newest version may run."""
    if isinstance(value, dict):
        if "get" in value and value.get("unpinned"):
            yield value["get"]
        for each in value.values():
            yield from helpers(each)
    elif isinstance(value, list):
        for each in value:
            yield from helpers(each)


def stages(fleet: Map, manifest: Map, name: str) -> list[Stage]:
    """Returns the stages of a manifest, whose file is `NAME.yml`."""
    first = next(iter(fleet.get("concourses", {"": None})))
    defaults = fleet.get("defaults", {})
    beside = {key: value for key, value in manifest.items() if key not in NOT_SETTINGS}
    pipeline = fill(manifest.get("pipeline") or defaults.get("pipeline") or "{{ name }}", {"name": name})
    shared = merge({key: value for key, value in defaults.items() if key != "pipeline"}, beside)
    projects = manifest.get("projects")
    if projects is None:
        projects = {manifest["project"]: {}}
    found: list[Stage] = []
    for template, own in projects.items():
        settings = merge(shared, own or {})
        overrides = settings.pop("overrides", {})
        environments = settings["environments"]
        for group in settings.get("groups") or [None]:
            skipped = {item for item in settings.get("skip", [])}
            places = [each for each in environments if group is None or f"{group}.{each}" not in skipped]
            chain: list[tuple[str, Map]] = []
            for environment in places:
                merged = {key: value for key, value in settings.items() if key not in ("environments", "groups", "skip")}
                selectors = [environment] if group is None else [environment, group, f"{group}.{environment}"]
                for selector in selectors:
                    merged = merge(merged, overrides.get(selector) or {})
                chain.append((environment, merged))
            before: Stage | None = None
            for environment, merged in chain:
                words = {"project": "", "group": group or "", "environment": environment, "name": name, "pipeline": pipeline}
                project = fill(template, words)
                names = merged.get("names", {})
                stack = fill(names.get("stack", "{{ group }}.{{ environment }}" if group else "{{ environment }}"), words)
                slug = stack.lower()
                words |= {"project": project, "stack": stack, "slug": slug}
                gate = merged.get("gate") or ("none" if before is None else "issue")
                unpinned = {
                    name for name, given in merged.get("inputs", {}).items() if (given or {}).get("unpinned") is not None
                }
                unpinned |= set(helpers([*merged.get("before", []), *merged.get("after", [])]))
                stage = Stage(
                    project=project,
                    group=group,
                    environment=environment,
                    gate=gate,
                    before=before,
                    concourse="" if merged.get("concourse", first) == first else merged["concourse"],
                    deploy=fill(names.get("deploy", NAMES["deploy"]), words),
                    preview=fill(names.get("preview", NAMES["preview"]), words),
                    exact=merged.get("approval", {}).get("approve", "exact") == "exact",
                    flavour=merged.get("issues", {}).get("resource", "github-issues"),
                    unpinned=frozenset(unpinned),
                    repository=merged.get("source", {}).get("repository", ""),
                    script=fill(merged["stack"].get("script", {}).get("target", "{{ project }}/{{ stack }}"), words),
                )
                found.append(stage)
                before = stage
    return found
