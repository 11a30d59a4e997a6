"""Renders random manifests, and judges what comes out.

    tests/gates/run [--count N] [--seed N] [--coverage] [--keep DIR]

Exit code 0 only when the checker has no finding, notices each mutant, and few manifests are refused.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from .checker import Checker, Finding
from .coverage import shapes, table, words
from .manifests import ITEMS, Fleet, fleet
from .mutants import Source, survivors
from .pipelines import from_config, load
from .stages import stages


@dataclass
class Result:
    """What became of a fleet."""

    seed: str
    manifests: int
    refused: collections.Counter[str] = field(default_factory=collections.Counter)
    refusals: int = 0
    findings: list[Finding] = field(default_factory=list)
    temptations: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)
    jobs: int = 0
    problem: str = ""
    words: set[str] = field(default_factory=set)
    shapes: collections.Counter[str] = field(default_factory=collections.Counter)
    mutants: collections.Counter[str] = field(default_factory=collections.Counter)
    # Mutants that the checker takes for right.
    survivors: list[str] = field(default_factory=list)


def render(pipegen: str, path: Path) -> tuple[int, dict]:
    """Renders a fleet or a manifest, and returns the exit code and the report."""
    # Which of the random overrides of a fleet fit is not known.
    command = [pipegen, "render", "--no-cache", "--format", "json", "--allow", "unused-override", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-2000:]}")
    return done.returncode, json.loads(done.stdout)


def write(made: Fleet, folder: Path) -> None:
    for name, text in made.files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def blamed(report: dict) -> dict[str, str]:
    """Returns the manifests that have an error, and its rule, by their names."""
    found: dict[str, str] = {}
    for problem in report["diagnostics"]:
        if problem["severity"] != "error":
            continue
        for place in [problem["place"], *problem["related"]]:
            file = Path((place or {}).get("file") or "")
            if file.parent.name == "projects":
                found.setdefault(file.stem, problem["rule"])
                break
    return found


def unapproved_inputs(report: dict) -> dict[str, set[str]]:
    """Returns the inputs of which the program warns that no approval names their version, by manifest."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    for problem in report["diagnostics"]:
        if problem["rule"] in ("unapproved-input", "unpinned-input", "unapproved-artifact"):
            names = re.findall(r"`([^`]*)`", problem["message"])
            # One report is for all items of `each`.
            names += [name.removesuffix(item) + other for name in names for item in ITEMS for other in ITEMS if name.endswith(item)]
            found[Path(problem["place"]["file"]).stem].update(names)
    return found


def refused_alone(pipegen: str, made: Fleet, folder: Path) -> dict[str, str]:
    """Returns the manifests that are refused when they are rendered alone: an error may be at a line of the fleet."""
    found: dict[str, str] = {}
    for manifest in made.manifests:
        code, report = render(pipegen, folder / "projects" / f"{manifest.name}.yml")
        if code:
            found[manifest.name] = next(each["rule"] for each in report["diagnostics"] if each["severity"] == "error")
    return found


def rendered(folder: Path) -> list[Source]:
    return [
        Source(path.stem, text, load(text))
        for path in sorted((folder / "rendered").rglob("*.yml"))
        for text in [path.read_text()]
    ]


def run(task: tuple[str, str, int, int, str | None]) -> Result:
    pipegen, seed, count, mutants, keep = task
    made = fleet(seed, count)
    result = Result(seed, len(made.manifests))
    with tempfile.TemporaryDirectory(prefix="gates-") as name:
        folder = Path(name)
        write(made, folder)
        try:
            for _ in range(8):
                code, report = render(pipegen, folder)
                if code == 0:
                    break
                bad = blamed(report) or refused_alone(pipegen, made, folder)
                if not bad:
                    raise RuntimeError(f"an error without a manifest: {json.dumps(report['diagnostics'][:3])}")
                for manifest in list(made.manifests):
                    if manifest.name in bad:
                        result.refused[bad[manifest.name]] += 1
                        result.refusals += 1
                        for temptation in manifest.temptations:
                            result.temptations[(temptation, "refused")] += 1
                        (folder / "projects" / f"{manifest.name}.yml").unlink()
                        made.manifests.remove(manifest)
            else:
                raise RuntimeError("still errors after eight runs")
            for manifest in made.manifests:
                for temptation in manifest.temptations:
                    result.temptations[(temptation, "rendered")] += 1
            sources = rendered(folder)
            of = {each.name: stages(made.settings, each.settings, each.name) for each in made.manifests}
            pipelines = [from_config(each.file, each.text, each.config) for each in sources]
            warned = unapproved_inputs(report)
            checker = Checker(pipelines, of, "main", warned)
            result.findings = checker.check()
            result.jobs = len(checker.of)
            result.words = words(made)
            result.shapes = shapes(checker)
            # A checker that takes everything would show nothing.
            result.mutants, result.survivors = survivors(sources, of, "main", warned, random.Random(seed), mutants)
        except Exception as error:
            result.problem = f"{type(error).__name__}: {error}"
        if keep and (result.findings or result.problem or result.survivors):
            shutil.copytree(folder, Path(keep) / seed, dirs_exist_ok=True)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/gates/run", description=__doc__)
    parser.add_argument("pipegen")
    parser.add_argument("--count", type=int, default=2000, help="manifests [default: 2000]")
    parser.add_argument("--seed", type=int, help="repeats a run")
    parser.add_argument("--fleet", help="one fleet alone, such as 17/3")
    parser.add_argument("--batch", type=int, default=25, help="manifests of one fleet [default: 25]")
    parser.add_argument("--mutants", type=int, default=4, help="mutants of each fleet [default: 4]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--coverage", action="store_true", help="print which words and shapes of plans occurred")
    parser.add_argument("--show", type=int, default=50, help="findings to print [default: 50]")
    parser.add_argument("--keep", help="keep fleets with findings in this folder")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(1_000_000)
    seeds = [given.fleet] if given.fleet else [f"{seed}/{index}" for index in range(-(-given.count // given.batch))]
    print(f"seed {seed}: {len(seeds)} fleets of {given.batch} manifests", flush=True)
    total = Result(str(seed), 0)
    found: list[tuple[str, Finding]] = []
    problems: list[tuple[str, str]] = []
    tasks = [(given.pipegen, each, given.batch, given.mutants, given.keep) for each in seeds]
    with multiprocessing.Pool(given.jobs) as pool:
        for result in pool.imap(run, tasks):
            total.manifests += result.manifests
            total.refusals += result.refusals
            total.refused += result.refused
            total.temptations += result.temptations
            total.jobs += result.jobs
            total.words |= result.words
            total.shapes += result.shapes
            total.mutants += result.mutants
            total.survivors += [f"--fleet {result.seed}: {each}" for each in result.survivors]
            found += [(result.seed, finding) for finding in result.findings]
            if result.problem:
                problems.append((result.seed, result.problem))
    share = 100 * total.refusals / max(total.manifests, 1)
    print(f"{total.manifests} manifests, {total.refusals} refused ({share:.1f} %), {total.jobs} jobs of stages judged")
    print("refused by:", ", ".join(f"{rule} {count}" for rule, count in total.refused.most_common()))
    if given.coverage:
        print(table(total.words, total.shapes, total.temptations))
    for each, finding in found[:given.show]:
        print(f"--fleet {each}: {finding}")
    for each, problem in problems[:20]:
        print(f"--fleet {each}: {problem}")
    print(*total.survivors[:20], sep="\n", end="\n" if total.survivors else "")
    made = sum(total.mutants.values())
    print(f"{made} mutants of {len(total.mutants)} kinds, {len(total.survivors)} not noticed")
    by = collections.Counter(finding.invariant for _, finding in found)
    print(f"{len(found)} findings" + (": " + ", ".join(f"{name} {count}" for name, count in by.most_common()) if by else ""))
    return 1 if found or problems or total.survivors or share >= 20 else 0


if __name__ == "__main__":
    sys.exit(main())
