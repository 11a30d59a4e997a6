"""Which words of the language, and which shapes of plans, random manifests bring about."""

from __future__ import annotations

import collections
import json
from pathlib import Path
from typing import Any

from .checker import Checker, issues
from .manifests import Fleet

SCHEMA = Path(__file__).parents[2] / "schemas" / "project.v1.json"


def all_words() -> dict[str, set[str]]:
    """Returns the fields of the published schema, by where they stand."""
    schema = json.loads(SCHEMA.read_text())
    found = {name: set(definition["properties"]) for name, definition in schema["$defs"].items() if "properties" in definition}
    found["manifest"] = set(schema["properties"])
    return found


def words(made: Fleet) -> set[str]:
    """Returns the fields that a fleet's manifests use."""
    schema = json.loads(SCHEMA.read_text())
    found: set[str] = set()

    def walk(value: Any, node: dict, where: str) -> None:
        if "$ref" in node:
            where = node["$ref"].rsplit("/", 1)[1]
            node = schema["$defs"][where]
        for key in ("allOf", "anyOf", "oneOf"):
            for each in node.get(key, []):
                if "$ref" in each or each.get("type") == "object":
                    walk(value, each, where)
        if not isinstance(value, dict):
            return
        more = node.get("additionalProperties")
        patterns = list((node.get("patternProperties") or {}).values())
        for name, each in value.items():
            if name in node.get("properties", {}):
                found.add(f"{where}.{name}")
                walk(each, node["properties"][name], where)
            else:
                for other in [more] if isinstance(more, dict) else patterns:
                    walk(each, other, where)

    for manifest in made.manifests:
        walk(manifest.settings, schema, "manifest")
    return found


def shapes(checker: Checker) -> collections.Counter[str]:
    """Counts the shapes of the plans of stages, after the gates that they are behind."""
    counted: collections.Counter[str] = collections.Counter()
    for place, (stage, phase) in checker.of.items():
        parts = []
        for step in checker.jobs[place].steps:
            if step.hooks:
                continue
            of = issues(checker.jobs[place].pipeline, step.resource) if step.kind in ("get", "put") else None
            word = step.kind
            if of is not None:
                word = f"{of.role}-{step.params.get('action', 'get')}"
            elif step.kind == "task" and step.name == "checkout-approved":
                word = "checkout"
            word += "+trigger" * step.triggers + "+passed" * bool(step.passed)
            if not parts or parts[-1] != word:
                parts.append(word)
        counted[f"{phase} behind {stage.gate}: {' '.join(parts)}"] += 1
    return counted


def table(
    seen: set[str], plans: collections.Counter[str], temptations: collections.Counter[tuple[str, str]]
) -> str:
    lines = ["", "| where | words | not used |", "| --- | --- | --- |"]
    for where, known in sorted(all_words().items()):
        used = {word.split(".", 1)[1] for word in seen if word.startswith(f"{where}.")}
        lines.append(f"| {where} | {len(used & known)} of {len(known)} | {' '.join(sorted(known - used))} |")
    lines += ["", f"{len(plans)} shapes of plans; the most frequent:"]
    lines += [f"{count:7} {shape}" for shape, count in plans.most_common(30)]
    lines += ["", "| temptation | refused | rendered |", "| --- | --- | --- |"]
    for name in sorted({name for name, _ in temptations}):
        lines.append(f"| {name} | {temptations[(name, 'refused')]} | {temptations[(name, 'rendered')]} |")
    return "\n".join(lines) + "\n"
